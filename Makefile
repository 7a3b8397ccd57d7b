# kamlab: `make help` lists what can be made.
.DEFAULT_GOAL := help
.PHONY: help env report test test-slow lint format lab docs bench demo lock clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= data/demo
OUT    ?= reports
# pip is everywhere; uv does the same from the same lock in a tenth of the time
UV     := $(shell command -v uv 2>/dev/null)
ifdef UV
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

help:  ## explain each target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "kamlab needs Python 3.11 or newer; say which one: make PYTHON=python3.12 …" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# The editable install is quick and depends on nothing but itself: no network once the lock is in.
define install
	$(INSTALL) --require-hashes -r $(1)
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
endef

$(VENV)/report.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock)

$(VENV)/test.stamp: requirements-test.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-test.lock)
	@touch $(VENV)/report.stamp

env: $(VENV)/report.stamp  ## set up .venv from the hashed lock

data/demo/kamlab.toml: | $(VENV)/report.stamp
	$(BIN)/kamlab demo data/demo --size small --seed 7

demo: data/demo/kamlab.toml  ## make the demo distributor in data/demo, if it is not there

report: $(VENV)/report.stamp $(if $(filter data/demo,$(DATA)),data/demo/kamlab.toml)  ## run every study and publish reports/index.html (DATA=… OUT=…)
	$(BIN)/kamlab run --all --data $(DATA) --out $(OUT)

test: $(VENV)/test.stamp lint  ## set up the test environment and pass all tests but the slow ones
	$(BIN)/pytest -n 2 --dist loadgroup

test-slow: $(VENV)/test.stamp  ## the tests that take too long for every change
	$(BIN)/pytest -m slow

lint: $(VENV)/test.stamp  ## style, types, and the notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/test.stamp  ## put code and notebooks into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lab: $(VENV)/report.stamp data/demo/kamlab.toml  ## open the notebooks in JupyterLab
	cd notebooks && ../$(BIN)/jupyter lab

$(VENV)/docs.stamp: requirements-docs.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-docs.lock)

# the reference takes its columns from what was published; a report that is there is not renewed
docs: $(VENV)/docs.stamp  ## build the documentation in site/ (publishes the demo first, if it is not there)
	@test -e $(OUT)/index.html || $(MAKE) report
	KAMLAB_REPORTS=$(abspath $(OUT)) $(BIN)/python -m sphinx --fail-on-warning --quiet docs site
	@echo "The documentation is in site/index.html"

bench: $(VENV)/test.stamp  ## measure against peers: one table of ratios (SAVE=… keeps it)
	$(BIN)/python benchmarks/run.py $(if $(SAVE),--save $(SAVE))

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header pyproject.toml --group build

lock: $(VENV)/test.stamp  ## renew both locks and environment.yml from pyproject.toml (needs uv)
	$(LOCK) --extra lab --extra postgres --upgrade --output-file requirements.lock
	$(LOCK) --extra test --constraints requirements.lock --upgrade --output-file requirements-test.lock
	$(LOCK) --extra lab --extra docs --constraints requirements-test.lock --upgrade --output-file requirements-docs.lock
	$(BIN)/pyproject2conda yaml --name kamlab --extra lab --python-include infer --no-header \
	  --req "--editable ." --output environment.yml --overwrite force

clean:  ## remove the environment, the demo and what was published
	rm -rf $(VENV) data/demo reports/[!R]* build dist site docs/reference .mypy_cache .pytest_cache .ruff_cache
