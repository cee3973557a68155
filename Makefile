# What can be done here: make help
.DEFAULT_GOAL := help
.PHONY: help setup run worker test test-all test-mongodb faults lint format types layers openapi
.PHONY: learning permissions check bench gallery clean
.PHONY: install install-dev migrations hooks

# Modules are run by this Python and not by the scripts in .venv/bin, which hold the folder's old
# name after it has moved.
PY := .venv/bin/python
# Settings of .env, for what serves; tests and checks do without.
ENV := if [ -f .env ]; then set -a; . ./.env; set +a; fi;
# Else each start would compile a thousand modules again, and the tests start many servers.
unexport PYTHONDONTWRITEBYTECODE
SPECTACULAR := $(PY) manage.py spectacular --format openapi-json --fail-on-warn --validate

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: install  ## Install, and bring the database up to date
	@$(ENV) $(PY) manage.py setup

run: install  ## Install, set up and serve everything until Ctrl-C (PORT=8001 BIND=0.0.0.0)
	@$(ENV) exec $(PY) manage.py serve $(if $(PORT),--port '$(PORT)') $(if $(BIND),--host '$(BIND)')

worker: setup  ## Run one more worker, on this or another machine
	@$(ENV) exec $(PY) manage.py worker

learning:  ## Install what methods that learn need (scikit-learn), for web processes and workers
	@scripts/install.sh learning

test: install-dev  ## Run the fast tests (two or three minutes)
	@$(PY) -m pytest -q -m "not slow" -n 2

test-all: install-dev  ## Run the slow tests only: real servers, faults, browsers
	@$(PY) -m pytest -q -m slow --reruns 1 --rerun-show-tracebacks -r fER

test-mongodb: install-dev  ## Run the tests of documents against a real MongoDB, fetched on first use
	@$(PY) -m tests.mongo

faults: install-dev  ## Kill everything twenty times over and count what was lost (half an hour)
	@$(PY) -m tests.faults

lint: install-dev  ## Look for mistakes and for what the formatter would change
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: install-dev  ## Format, and mend what can be mended without asking
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

types: install-dev  ## Check the types
	@$(PY) -m mypy .

layers: install-dev  ## Check who imports whom
	@$(PY) -c "from importlinter.cli import lint_imports_command as run; run()" --no-logo

migrations: install-dev
	@$(PY) manage.py makemigrations --check --dry-run

hooks: install-dev  ## Run the hooks of pre-commit on all files
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(PY) -m pre_commit run --all-files; fi

openapi: install-dev  ## Write docs/openapi.json anew
	@$(SPECTACULAR) --file docs/openapi.json

permissions: install-dev  ## Write docs/reference/permissions.md anew
	@$(PY) -m tests.security.permissions_page

check: lint types layers hooks migrations  ## All that a change must pass, besides the tests
	@mkdir -p build && $(SPECTACULAR) --file build/openapi.json
	@cmp -s build/openapi.json docs/openapi.json \
		|| { echo "docs/openapi.json is out of date; run: make openapi"; exit 1; }

gallery: install-dev  ## Draw every kind of picture into docs/gallery (some minutes)
	@$(PY) -m tests.visualizations.gallery

bench: install-dev  ## Measure how fast points are written, read, analysed and drawn
	@$(PY) -m bench

clean:  ## Remove caches and what was built; the data in var/ and .venv stay
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

install:
	@scripts/install.sh base

install-dev:
	@scripts/install.sh dev
