# Everything that a newcomer needs. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; PYTHON=… names another one.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$each; break; fi; done)
PORT ?= 8080
ONLY ?=
STEPS ?= 100000
SEED ?=
VENV := .venv
PY := $(VENV)/bin/python
PWA_SOURCES := $(shell find pwa -type d \( -name node_modules -o -name dist \) -prune -o -type f -print)
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-warn-script-location

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: run
run: $(VENV)/.runtime pwa/dist/.built ## Start everything with demonstration data (PORT=8080); Ctrl-C stops it
	@exec $(PY) -m demo.run --port $(PORT)

.PHONY: test
test: lint test-pwa test-py ## Run everything that must pass: lint, types, Vitest, pytest, the browser

.PHONY: lint
lint: $(VENV)/.dev pwa/node_modules/.installed ## Check style, types, import rules, and that generated files are current
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	npm --prefix pwa run --silent check
	$(PY) -m tools.drift

.PHONY: test-pwa
test-pwa: pwa/node_modules/.installed ## Run the tests of the PWA's own modules (Vitest)
	npm --prefix pwa run --silent test

.PHONY: test-py
test-py: $(VENV)/.dev pwa/dist/.built ## Run pytest on SQLite, PostgreSQL, Redis and Chromium (ARGS="tests/unit -x")
	$(PY) -m tools.chromium
	$(PY) -m pytest $(if $(ARGS),$(ARGS),-n 2)

.PHONY: screens
screens: $(VENV)/.dev pwa/dist/.built ## Take the pictures of the documentation anew, in the browser tests
	HOLDFAST_SCREENS=docs/images $(PY) -m pytest tests/e2e -n 2 -k sqlite

.PHONY: simulate
simulate: $(VENV)/.dev ## Run the simulation at length on both databases (STEPS=100000, SEED=…, ONLY=sqlite)
	@$(PY) -m tests.simulation --steps $(STEPS) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

.PHONY: mutants
mutants: $(VENV)/.dev ## Plant known faults, each of which the simulation must find; print which promise caught it
	@$(PY) -m tests.simulation.mutants

.PHONY: bench
bench: $(VENV)/.dev pwa/dist/.built ## Measure, print a table and write bench/report.json (ONLY=<name> for one)
	$(PY) -m bench $(if $(ONLY),--only $(ONLY))

.PHONY: mutate
mutate: $(VENV)/.dev ## Mutate sync/ and fail below 90 % killed
	$(PY) -m tools.mutate

.PHONY: api
api: $(VENV)/.runtime pwa/node_modules/.installed ## Write the API's description and the TypeScript types made from it
	$(PY) -m server.cli openapi pwa/src/api/openapi.json
	npm --prefix pwa run --silent api

.PHONY: lock
lock: ## Renew the locked Python dependencies (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv; see https://docs.astral.sh/uv/"; exit 1; }
	uv pip compile $(LOCK) --extra build pyproject.toml -o requirements.lock
	uv pip compile $(LOCK) --extra build --extra dev pyproject.toml -o requirements-dev.lock
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

.PHONY: clean
clean: ## Remove what was built; the demonstration's data under var/ stay
	rm -rf $(VENV) pwa/node_modules pwa/dist build holdfast.egg-info test-results bench/report.json mutants
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is built, each remade only when what it is made from changed.

$(PY):
	@[ -n "$(PYTHON)" ] || { echo "Holdfast needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Holdfast needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(PY)
	@echo "Installing the locked Python packages."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# The locked packages for development include those that run the product, so one installation does for both.
$(VENV)/.dev: requirements-dev.lock requirements.lock pyproject.toml | $(PY)
	@echo "Installing the locked Python packages for development."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.runtime $@

pwa/node_modules/.installed: pwa/package-lock.json pwa/package.json
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "Holdfast needs Node 20.19 or newer with npm. Install it from https://nodejs.org/"; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || { echo "Holdfast needs Node 20.19 or newer; this is $$(node --version)."; exit 1; }
	@echo "Installing the locked Node packages."
	@npm --prefix pwa ci --no-audit --no-fund --loglevel=error
	@touch $@

pwa/dist/.built: pwa/node_modules/.installed $(PWA_SOURCES)
	@echo "Building the app."
	@npm --prefix pwa run --silent build -- --logLevel warn
	@touch $@
