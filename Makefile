# Two commands for everybody: `make demo` and `make test`. Both set up what they need in .venv first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PLATFORM ?=
SRC ?=
REPORTS := build
SECONDS ?= 60
ARGS ?=
PYTEST := $(BIN)/python -m pytest -n auto --junitxml=$(REPORTS)/tests.xml

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long fuzz bench bench-small clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make .venv with ocitool and all that its tests need

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "ocitool needs Python 3.11 or later; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "The venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check "pip>=25.1"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

demo: $(VENV)/.ready ## Filter a small sample, or your file: make demo SRC=image.tar PLATFORM=linux/arm64
	@$(BIN)/python -m tests.demo $(if $(SRC),--source "$(SRC)") $(if $(PLATFORM),--platform "$(PLATFORM)")

test: $(VENV)/.ready ## Run the whole test suite; real engines run where this machine can (root, Debian packages)
	@$(PYTEST)

test-long: $(VENV)/.ready ## The same with every sweep in full
	@$(PYTEST) -m "long or not long"

fuzz: $(VENV)/.ready ## Fuzz the readers of untrusted bytes for SECONDS (60); findings go to build/fuzz
	@$(BIN)/pip install --quiet --disable-pip-version-check --group fuzz
	@mkdir -p $(REPORTS)/fuzz
	@$(BIN)/python -m tests.fuzz.fuzz_reader -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
	  -artifact_prefix=$(REPORTS)/fuzz/ $(REPORTS)/fuzz tests/fuzz/corpus

bench: $(VENV)/.ready ## Measure all that fits this machine, some 18 minutes; ARGS="--quick", ARGS="--only peers", ARGS=--list
	@$(BIN)/python -m benchmarks $(ARGS)

bench-small: $(VENV)/.ready ## Measure the small form and compare it with the recorded one, some 20 seconds
	@$(BIN)/python -m benchmarks.small

clean: ## Remove what the targets above made
	rm -rf $(VENV) $(REPORTS) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
