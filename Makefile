# Each target makes the environment first where it is missing or out of date; after that nothing is fetched any more.
# DEMO_ARGS goes to `fleet demo`, TEST_ARGS to pytest: make demo DEMO_ARGS="--seed 7", make test TEST_ARGS="-k custody".

SHELL = /bin/sh
BIN = .venv/bin
READY = .venv/.installed
BUILD = build
JOBS = 3
SEEDS = 5000
TIMES = 100
CAMPAIGN = tests/simulation tests/property/test_wire_campaigns.py tests/interop/test_order_campaign.py \
    tests/interop/test_wire_schemas.py

PYTHONS = $(PYTHON) python3 python3.13 python3.12 python3.11
IS_FIT = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

.PHONY: help setup demo test lint campaign clean

help:
	@echo 'make demo      a simulated morning on real roads, report in $(BUILD)/demo'
	@echo 'make test      set-up, lint, then every test'
	@echo 'make lint      format, rules, types, import order'
	@echo 'make campaign  the simulation tests with many seeds, and the wire with a million messages (long)'
	@echo 'make setup     only the environment, in .venv'
	@echo 'make clean     removes what runs and tools have made; .venv stays'

setup: $(READY)

$(READY): constraints.txt pyproject.toml
	@if ! $(BIN)/python -c '$(IS_FIT)' 2>/dev/null; then \
	    for python in $(PYTHONS); do \
	        if $$python -c '$(IS_FIT)' 2>/dev/null; then fit=$$python; break; fi; \
	    done; \
	    if [ -z "$$fit" ]; then \
	        echo 'No Python 3.11, 3.12 or 3.13 that can make virtual environments was found.' >&2; \
	        echo 'On Debian or Ubuntu: sudo apt-get install python3 python3-venv' >&2; \
	        echo 'If it stands elsewhere: make PYTHON=/path/to/python3 ...' >&2; \
	        exit 1; \
	    fi; \
	    echo "Making .venv with $$($$fit --version)"; \
	    $$fit -m venv --clear .venv; \
	fi
	@echo 'Installing what constraints.txt names (a minute or two, once)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	$(BIN)/fleet demo $(DEMO_ARGS)

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TEST_ARGS)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy fleet vehicle_sim tests
	$(BIN)/lint-imports --no-cache

campaign: $(READY)
	FLEET_SEEDS=$(SEEDS) FLEET_CAMPAIGN=$(TIMES) $(BIN)/python -m pytest -n $(JOBS) --timeout 0 $(CAMPAIGN) $(TEST_ARGS)

clean:
	rm -rf $(BUILD) dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
