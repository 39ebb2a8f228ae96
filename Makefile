# Two commands: `make board` and `make test`. Everything they need is set up first, into .venv. `make help` lists all.
PYTHON ?= python3.11
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
LOCKS := $(filter-out %/docs.lock,$(wildcard containers/base/*.lock))
DOCS := .venv-docs
# On a machine with an NVIDIA GPU the CUDA build of torch is installed. Elsewhere the CPU build, where pip can
# reach it (pip's find-links or an extra index); where pip sees the package index alone, the CUDA build again.
TORCH ?= $(shell nvidia-smi >/dev/null 2>&1 && echo cuda || echo cpu)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --no-deps --no-compile -r
JOBS ?= $(shell nproc)
# Rows that took longer keep their committed scores: `pqrst repro synthetic --again missing` makes all of them again.
MINUTES ?= 2
# The quick look runs on the host, which takes no images; `make board RUNNER=docker` runs it in containers.
RUNNER ?= host

export PATH := $(BIN):$(PATH)
# A board is hundreds of short processes: without kept bytecode each would compile our modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: board test check docs performance lock clean help
board: $(VENV)/.ready ## set up, make the simulated board's cheap rows again and print it (JOBS, MINUTES, RUNNER)
	PQRST_RUNNER=$(RUNNER) pqrst repro synthetic --jobs $(JOBS) --again $(MINUTES)
	pqrst show synthetic

test: $(VENV)/.ready ## set up and run the tests (TESTS=tests/kit for some, JOBS)
	pytest -n $(JOBS) --durations 15 $(TESTS)

check: $(VENV)/.ready ## style, format and types
	ruff check .
	ruff format --check .
	basedpyright

docs: $(DOCS)/.ready ## build the docs site into site/, without a network
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build
	@echo "$(CURDIR)/site/index.html"

performance: $(VENV)/.ready ## measure what must stay fast
	pytest tests/performance -p no:xdist --benchmark-only -s

$(VENV)/.ready: $(LOCKS) pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "PQRST needs Python 3.11: make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the hash-locked environment into $(VENV) (one to three minutes)"
	$(INSTALL) containers/base/common.lock
	@if [ $(TORCH) = cpu ] && ! $(INSTALL) containers/base/cpu.lock 2>$(VENV)/torch.log; then \
		cat $(VENV)/torch.log; \
		echo "pip can't reach the CPU build of torch: installing the CUDA build (2.7 GB), which runs on a CPU too"; \
		$(INSTALL) containers/base/cuda.lock; \
	elif [ $(TORCH) = cuda ]; then \
		$(INSTALL) containers/base/cuda.lock; \
	fi
	@# All cores at once, and not the packages' own tests; some hold files for other versions, which don't compile.
	$(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib >$(VENV)/compile.log 2>&1 || true
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

# An environment of its own: what builds pages is no part of what makes numbers.
$(DOCS)/.ready: containers/base/docs.lock
	test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r $<
	touch $@

lock: ## write the hash-locked requirement files again, with newer versions (needs uv)
	$(PYTHON) containers/images/lock.py

clean: ## remove the environments and the site
	rm -rf $(VENV) $(DOCS) site .pytest_cache .ruff_cache

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
