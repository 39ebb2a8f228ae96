# Python with numpy, scipy, scikit-learn and PyWavelets: the base of methods without torch.
# The digest pins what is pulled; `PQRST_BASE` names another base where there is no public registry.
ARG BASE=python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
FROM ${BASE} AS build
RUN --mount=type=bind,target=/context \
    mkdir -p /stage/opt && python3 -m venv --without-pip /stage/opt/env && \
    sed -i 's#/stage##' /stage/opt/env/pyvenv.cfg && \
    printf '%s\n' /opt/torch /opt/more > /stage/opt/env/lib/python3.11/site-packages/above.pth && \
    sh /context/install /opt/env/lib/python3.11/site-packages light.lock
FROM ${BASE}
COPY --from=build /stage/ /
ENV PATH=/opt/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 10001:10001
