# make run: set-up and the exchange on http://127.0.0.1:8000 · make test: set-up and the tests · make lint: format, lint, types, migrations · make check: that and the quick tests · make bench: the exchange beside bare limits (ARGS="--runs 1"), make bench-compare A=a.json B=b.json · make bench-complexity: what a command costs · make bench-core: the core beside other engines · make bench-tables: queries at a million rows · make bench-cluster: the cluster, on DATABASE_URL and REDIS_URL.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= 1
BIN := .venv/bin

.PHONY: run test lint check bench bench-compare bench-complexity bench-core bench-tables bench-parts bench-cluster format clean

run: .venv/run-ready
	@$(BIN)/python manage.py migrate --verbosity 0
	@exec $(BIN)/python manage.py serve --host $(HOST) --port $(PORT) $(if $(filter 1,$(DEMO)),--demo)

test: .venv/test-ready
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: .venv/test-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

check: lint
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" $(ARGS)

bench: .venv/test-ready
	$(BIN)/python -m benchmarks $(ARGS)

bench-compare: .venv/test-ready
	@$(BIN)/python -m benchmarks.report $(A) $(B)

bench-complexity: .venv/run-ready
	$(BIN)/python -m benchmarks.complexity $(ARGS)

bench-parts: .venv/test-ready
	$(BIN)/python -m pytest -q benchmarks/test_parts.py $(ARGS)

bench-core: .venv/run-ready
	$(BIN)/python -m benchmarks.core $(ARGS)

bench-cluster: .venv/test-ready
	$(BIN)/python -m benchmarks.cluster $(ARGS)

bench-tables: .venv/run-ready
	$(BIN)/python -m benchmarks.tables $(ARGS)

format: .venv/test-ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Set PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv

.venv/run-ready: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/test-ready: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/run-ready
