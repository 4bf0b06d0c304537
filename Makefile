# make run            set-up, and the exchange on http://127.0.0.1:8000
# make cluster        the same as 2 web and 2 engine processes, on the PostgreSQL and Redis of DATABASE_URL and REDIS_URL
# make test           set-up and the tests · make check: lint and the quick ones · make lint: format, lint, types, migrations
# make screenshots    every page, both themes, three widths: var/screenshots (ARGS="--only market")
# make simulate       replay a simulated run: SEED=7 STEPS=250; many: SEEDS=1-100
# make bench          the exchange beside bare limits (ARGS="--runs 1"); compare runs: make bench-compare A=a.json B=b.json
# make bench-cluster  the cluster, on DATABASE_URL and REDIS_URL
# make bench-binance  what 100 clients on the dialect's streams cost the order path
# make bench-complexity · bench-core · bench-parts · bench-tables · bench-servers · bench-pauses · bench-instructions · bench-page:
#                     what a command costs; the core beside others; its parts; queries at a million rows; ASGI servers;
#                     the garbage collector's pauses; instructions a message; the page in a browser
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= 1
WEB ?= 2
ENGINES ?= 2
BIN := .venv/bin
# File by file, in order: what a chapter starts serves all of its files.
IN_PARALLEL := -n auto --dist loadfile --no-loadscope-reorder
# The chart library, and what checks the pages' scripts, come by npm: the machine's own, or one through pip.
export PATH := $(CURDIR)/$(BIN):$(PATH)
OWN_NODE := $(shell node --version 2>/dev/null | grep -Eq '^v(2[0-9]|[3-9][0-9])\.' && npm --version >/dev/null 2>&1 || echo .venv/node-ready)

.PHONY: run cluster test lint check screenshots simulate bench bench-compare bench-complexity bench-core bench-tables bench-parts bench-binance bench-servers bench-pauses bench-instructions bench-page bench-cluster format clean

run: .venv/run-ready node_modules/run-ready
	@$(BIN)/python manage.py migrate --verbosity 0
	@exec $(BIN)/python manage.py serve --host $(HOST) --port $(PORT) $(if $(filter 1,$(DEMO)),--demo)

cluster: .venv/run-ready node_modules/run-ready
	@exec $(BIN)/python manage.py cluster --host $(HOST) --port $(PORT) --web $(WEB) --engines $(ENGINES) $(if $(filter 1,$(DEMO)),--demo)

test: .venv/test-ready node_modules/test-ready
	$(BIN)/python -m pytest $(IN_PARALLEL) $(ARGS)

lint: .venv/test-ready node_modules/test-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	@npm run --silent lint
	@npm run --silent types

check: lint
	$(BIN)/python -m pytest $(IN_PARALLEL) -m "not slow" $(ARGS)

screenshots: .venv/test-ready node_modules/test-ready
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

simulate: .venv/test-ready
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1-20)) $(if $(STEPS),--steps $(STEPS)) $(ARGS)

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

bench-binance: .venv/test-ready
	$(BIN)/python -m benchmarks.binance $(ARGS)

bench-servers: .venv/test-ready
	$(BIN)/python -m benchmarks.servers $(ARGS)

bench-pauses: .venv/test-ready
	$(BIN)/python -m benchmarks.pauses $(ARGS)

bench-instructions: .venv/test-ready
	$(BIN)/python -m benchmarks.instructions $(ARGS)

bench-page: .venv/test-ready node_modules/run-ready
	@$(BIN)/python -m benchmarks.page $(ARGS)

format: .venv/test-ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Set PYTHON=python3.11") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv

.venv/run-ready: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/test-ready: requirements.txt requirements-dev.txt requirements-bots.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-bots.txt
	@touch $@ .venv/run-ready

.venv/node-ready: requirements-node.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-node.txt
	@touch $@

# Without the registry the exchange starts all the same; its page says that it has no chart.
node_modules/run-ready: package-lock.json | $(OWN_NODE)
	@npm ci --silent --omit=dev && touch $@ || echo "The chart's library could not be fetched; the next start tries again."

node_modules/test-ready: package-lock.json | $(OWN_NODE)
	@npm ci --silent
	@touch $@ node_modules/run-ready
