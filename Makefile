# Two commands are all one needs: `make demo` and `make test`. Both set themselves up.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
JOBS ?= 3
# Tests wait for disks more than for anything else: they work in memory where there is room.
export TMPDIR := $(shell test "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 4000000 2>/dev/null \
  && echo /dev/shm || echo "$${TMPDIR:-/tmp}")

# Hundreds of processes start in the tests: they read what the first has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: docs demo test standins coverage thorough lint format types unit bench crash golden lock clean help

help:
	@echo "make demo     the tool's main job, told as a short story (about a minute the first time)"
	@echo "make test     everything that must hold: lint, types, layers, tests on both databases, the wheel"
	@echo "make standins  install other people's servers, against which tests/standins and tests/editors try us"
	@echo "make coverage  what the tests reach of the code; 92 % at least"
	@echo "make thorough  coverage, then the tests with more examples, more screens, all on both databases"
	@echo "make format   rewrite the code in its one format"
	@echo "make docs     rewrite docs/reference.md from the code"
	@echo "make bench    figures: ratios against a baseline in the same run"
	@echo "make crash    the crash test in its long form (KILLS=1000)"
	@echo "make golden   rewrite the golden files; look at the difference before you commit it"
	@echo "make lock     pin the newest versions of all dependencies, with hashes"

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

# The files name every package, so pip has nothing to resolve: old ones trip over pinned extras.
.venv/run: .venv/python requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/run.txt
	@touch $@

.venv/dev: .venv/run requirements/dev.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/run
	@$(BIN)/python cli.py demo --folder .demo

test: lint types unit

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

types: .venv/dev
	$(BIN)/mypy

# What asks the database more than anything else runs a second time, on PostgreSQL.
ON_BOTH := tests/unit/store tests/unit/mailing tests/integration/test_whole_life.py
ALL_ON_BOTH := $(ON_BOTH) tests/unit/register tests/unit/replying tests/unit/creamailer tests/unit/web \
  tests/unit/reporting tests/integration/test_crash.py

# A third process works while two wait for a browser, a vendor, or a clock.
unit: .venv/dev
	$(BIN)/pytest -n $(JOBS)
	$(BIN)/pytest -n $(JOBS) --database=postgresql -m "not postgresql" $(ON_BOTH)

# Pinned with hashes in the lock file, and no script of a package is run.
standins: tests/standins/node_modules/.package-lock.json tests/editors/node_modules/.package-lock.json

%/node_modules/.package-lock.json: %/package-lock.json
	@if command -v npm >/dev/null 2>&1; \
	then cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; \
	else echo "note: no npm here, most of $* will be skipped"; fi

# Measured apart from `make test`: it makes code two thirds slower.
coverage: .venv/dev
	$(BIN)/pytest -n $(JOBS) --cov -m "not browser"

thorough: coverage
	$(BIN)/pytest -n $(JOBS) --thorough
	$(BIN)/pytest -n $(JOBS) --thorough --database=postgresql -m "not postgresql" $(ALL_ON_BOTH)

format: .venv/dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: .venv/dev
	$(BIN)/python bench/run.py

crash: .venv/dev
	CRASH_KILLS=$(or $(KILLS),1000) $(BIN)/pytest tests/integration -k crash --thorough -p no:randomly -q -s

golden: .venv/dev
	$(BIN)/pytest tests/unit/render -q -p no:randomly --update-golden

docs: .venv/dev
	$(BIN)/python -m docs.reference

# uv is only needed here, to resolve; pip installs what is pinned.
lock: .venv/dev
	$(BIN)/python -m pip install --quiet uv
	for set in "dev --group dev" "run --constraint requirements/dev.txt"; do set -- $$set; \
	  $(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	    pyproject.toml $${2:-} $${3:-} --output-file requirements/$$1.txt; done

clean:
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist
