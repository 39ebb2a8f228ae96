# The light image and torch: the CPU build or the CUDA build, as TORCH (cpu.lock or cuda.lock) says.
ARG TAG
FROM pqrst/light:${TAG} AS build
ARG TORCH
USER 0:0
RUN --mount=type=bind,target=/context sh /context/install /opt/torch torch.lock ${TORCH}
FROM pqrst/light:${TAG}
COPY --from=build /stage/ /
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
