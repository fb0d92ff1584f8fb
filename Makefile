# The project's commands. Each sets up what it needs; `make demo` and `make test` work on a fresh clone.
# Needs Python 3.11, git and make.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home
# Test files side by side; a file stays whole, its fixtures are shared. WORKERS=0 runs all in one process.
# Files go in the order of tests/order_of_tests.py, the long ones first; pytest-xdist would begin with those of many tests.
WORKERS ?= 2
# ORDER=8 runs files and their tests in the order of that seed, ORDER=reversed the last one first: no test needs another.
ORDER ?=
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder \
  $(if $(ORDER),--order-seed $(ORDER))

.PHONY: help setup demo test test-all test-slow ui check format reference bench lock clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The lock holds versions and hashes only: where packages come from is the machine's choice.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: quant_pipelines/config/dagster.yaml
	@mkdir -p $(DAGSTER_HOME)
	@cp $< $@

setup: $(STAMP) $(DAGSTER_HOME)/dagster.yaml  ## create the virtual environment and the Dagster home

demo: setup  ## run the research job on the embedded real sample, print findings, write reports
	$(BIN)/qe demo

ui: setup  ## open the web UI at the address it prints; READ_ONLY=1 lets nobody start or change anything
	$(BIN)/qe ui $(if $(READ_ONLY),--read-only)

test: setup  ## the default suite, under 12 minutes on two cores
	$(PYTEST) -m "not slow"

test-all: setup check  ## everything: also calibration, fuzz and crash tests
	$(PYTEST)

test-slow: setup  ## what test leaves out: calibration, fuzz and crash tests
	$(PYTEST) -m slow

check: setup  ## format, lint, types, imports and architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

format: setup  ## rewrite the files in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: setup  ## remake the pages of docs that the code prints
	$(BIN)/python -m quant_core.reference blocks > docs/blocks.md
	$(BIN)/python -m quant_core.reference tables > docs/tables.md
	$(BIN)/python -m quant_pipelines.marts.reference > docs/marts.md
	$(BIN)/python -m quant_pipelines.cli._reference > docs/commands.md

bench: setup  ## benchmarks beside their peers; prints ratios
	$(BIN)/python -m tests.benchmarks

lock: $(STAMP)  ## resolve pyproject.toml into requirements.lock
	$(BIN)/pip-compile --quiet --upgrade --extra dev --extra postgres --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-options --no-header --no-annotate \
	  --output-file requirements.lock pyproject.toml

clean:  ## delete what can be made again, after asking; CONFIRM=yes does not ask
	@test -x $(BIN)/qe || { echo "There is no environment: run make setup; it knows what can be made again."; exit 1; }
	@$(BIN)/qe clean --checkout "$(CURDIR)" $(if $(filter yes,$(CONFIRM)),--yes)
