# Caseboard. `make` alone tells what can be made.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8050

.DEFAULT_GOAL := help
.PHONY: help run test faults check format bench bundles docs reference lock

help: ## tell what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## start Caseboard with its own PostgreSQL and Redis, and print its address
	@exec $(BIN)/caseboard up --port $(PORT)

test: $(STAMP) ## run the whole suite, browser tests included where a Chromium can be had
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

faults: $(STAMP) ## do to a whole stack all that may befall one, and write docs/reliability.md
	@TEST_FAULTS=whole $(BIN)/python -m pytest -q -n 0 -s tests/faults tests/sync/test_faults.py \
	  tests/sync/test_paging.py $(ARGS)

check: $(STAMP) ## lint, format, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP) ## put the code in form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## measure, figures as ratios side by side in one run
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(STAMP) ## build the documentation as a site, in build/docs
	@$(BIN)/python -m sphinx -W --keep-going -n -q -d build/doctrees docs build/docs
	@echo "The documentation is in build/docs/index.html"

reference: $(STAMP) ## write docs/reference anew from the code
	@$(BIN)/python -m docs.reference

bundles: $(STAMP) ## build anew what app/bundles holds, with npm, after an upgrade of dash-ag-grid or plotly
	@mkdir -p build/bundles && cp app/bundles/recipe/* build/bundles/
	@cd build/bundles && npm ci --ignore-scripts --no-audit --no-fund && \
	  node build.mjs "$$(../../$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" ../../app/bundles

lock: ## write constraints.txt anew from the ranges in pyproject.toml
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install -q -e '.[dev]'
	$(VENV)-lock/bin/pip freeze --exclude-editable --exclude caseboard > constraints.txt
	rm -rf $(VENV)-lock

# Made again whenever what is to be installed changes.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Caseboard needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "This Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing Caseboard into $(VENV) (once; a minute or so) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $(STAMP)
