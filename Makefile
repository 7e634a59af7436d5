# Two commands matter: `make demo` and `make test`. They need make, Python 3.11 or later and a package index.
# Whatever they install lands in .venv, from the locks in requirements/.

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --fork-strategy fewest \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
# Matrix products of one thread: side by side, several wait for each other longer than they compute.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest
# Each process has a broker of its own: 1.5 GB together.
IN_PARALLEL := -n auto --maxprocesses 4 --dist worksteal
ARGS ?=

.DEFAULT_GOAL := help
VENV_ALIBI := .venv-alibi
VENV_MLSERVER := .venv-mlserver
.PHONY: help install demo test test-real faults test-alibi check bench bench-attacks bench-detection dashboard lock hooks clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

install: $(VENV)/.dev ## what is needed to work on Seawall, in .venv

ifdef KAFKA
demo: $(VENV)/.dev
	$(BIN)/python tests/kafka_broker.py -- $(BIN)/seawall demo $(ARGS)
else
demo: $(VENV)/.base ## 80 seconds of drift, breakage and attack, and what an on-call person receives (KAFKA=1: through a real broker)
	$(BIN)/seawall demo $(ARGS)
endif

test: $(VENV)/.dev ## all tests that need no more than the package index and the broker (20 minutes on 2 cores)
	$(PYTEST) -m "not real" $(IN_PARALLEL) $(ARGS)

test-real: $(VENV)/.chart $(VENV_MLSERVER)/.installed test-alibi ## the tests that need more, or are heavy
	MLSERVER=$(VENV_MLSERVER)/bin $(PYTEST) -m real --ignore tests/alibi $(ARGS)

faults: $(VENV)/.dev ## kills, pauses, broker restarts at random (SEED=7 ROUNDS=50): the same events and counts as without
	SEED=$(or $(SEED),7) ROUNDS=$(or $(ROUNDS),50) $(PYTEST) -q --show-capture=no --capture=no -o faulthandler_timeout=0 tests/faults/test_random_run*.py $(ARGS)

test-alibi: $(VENV)/.dev $(VENV_ALIBI)/.installed ## alibi-detect's detectors, in an environment of their own (860 MB)
	ALIBI_PYTHON=$(VENV_ALIBI)/bin/python $(PYTEST) -m real tests/alibi

check: $(VENV)/.chart ## format, lint, types, import arrows, house rules, the chart
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -q -m "not real" tests/house
	$(PYTEST) -q -m real tests/house/test_chart*.py

bench: $(VENV)/.dev ## the speed and size table
	OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python benchmarks/run.py $(ARGS)

dashboard: $(VENV)/.chart ## the Grafana dashboard anew, from helm/dashboard
	$(BIN)/python helm/dashboard/seawall.py > helm/seawall/dashboards/seawall.json

lock: $(VENV)/.tools ## the locks anew, from pyproject.toml (UPGRADE=1: with the newest versions)
	$(COMPILE) -o requirements/base.txt pyproject.toml
	$(COMPILE) -o requirements/build.txt --group build -c requirements/base.txt
	$(COMPILE) -o requirements/dev.txt --group dev -c requirements/base.txt -c requirements/build.txt
	$(COMPILE) -o requirements/chart.txt --group chart -c requirements/base.txt -c requirements/dev.txt
	$(COMPILE) -o requirements/attacks.txt --group attacks -c requirements/base.txt -c requirements/dev.txt
	$(COMPILE) -o requirements/alibi.txt --extra alibi pyproject.toml
	$(COMPILE) -o requirements/mlserver.txt --group mlserver

bench-attacks: $(VENV)/.attacks ## how many adversarial examples the scorers find, and who evades them
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/attacks.py $(ARGS)

bench-detection: $(VENV)/.dev $(VENV_ALIBI)/.installed ## false alarms and delays beside other detectors: docs/benchmark.md (within an hour; ARGS="--runs 5")
	OPENBLAS_NUM_THREADS=1 ALIBI_PYTHON=$(VENV_ALIBI)/bin/python PYTHONPATH=. $(BIN)/python -m benchmarks.detection.run $(ARGS)

hooks: $(VENV)/.dev ## check every commit before it is made
	$(BIN)/prek install

clean: ## take away what was installed and cached
	rm -rf $(VENV) $(VENV_ALIBI) $(VENV_MLSERVER) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Each stamp is as new as the lock it was installed from.
$(VENV)/.tools: .ci/venv requirements/build.txt
	@.ci/venv $(VENV)
	@touch $@

$(VENV)/.base: $(VENV)/.tools requirements/base.txt pyproject.toml monitor/__init__.py
	@echo "Installing Seawall and what it needs into $(VENV)"
	@$(INSTALL) --require-hashes -r requirements/base.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	@echo "Installing what its tests need"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV_ALIBI)/.installed: $(VENV)/.tools requirements/alibi.txt
	@echo "Installing alibi-detect and what it needs into $(VENV_ALIBI)"
	@$(BIN)/uv venv --quiet --allow-existing --python ">=3.11,<3.13" $(VENV_ALIBI)
	@$(BIN)/uv pip install --quiet --python $(VENV_ALIBI)/bin/python --require-hashes -r requirements/alibi.txt
	@touch $@

$(VENV_MLSERVER)/.installed: $(VENV)/.tools requirements/mlserver.txt
	@echo "Installing a model server that tests ask into $(VENV_MLSERVER) (380 MB)"
	@$(BIN)/uv venv --quiet --allow-existing --python ">=3.11,<3.13" $(VENV_MLSERVER)
	@$(BIN)/uv pip install --quiet --python $(VENV_MLSERVER)/bin/python --require-hashes -r requirements/mlserver.txt
	@touch $@

$(VENV)/.chart: $(VENV)/.dev requirements/chart.txt
	@echo "Installing what renders the chart (100 MB)"
	@$(INSTALL) --require-hashes -r requirements/chart.txt
	@touch $@

$(VENV)/.attacks: $(VENV)/.dev requirements/attacks.txt
	@echo "Installing what attacks a model (300 MB)"
	@$(INSTALL) --require-hashes -r requirements/attacks.txt
	@touch $@
