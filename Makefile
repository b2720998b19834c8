# Everything starts here, on a machine that has only Python 3.11 or newer and make: `make demo`, `make test`.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# The first Python that is new enough; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# Wheels only, and only those whose hash is written down: nothing is built, nothing unknown is fetched. Nothing is
# resolved either: the locks are complete, and an older pip takes a newer release for `name[extra]` than they say.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
LOCKED := --require-hashes --only-binary :all: --no-deps

# The environment follows the content of the locks, whatever the dates of the files say.
key = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/.runtime-$(call key,requirements/runtime.txt requirements/build.txt)
TESTS := $(RUNTIME)-tests-$(call key,requirements/test.txt)
PROJECT := .venv/.project

CORE := pathway/clinical/*,pathway/episodes/*,pathway/engine/*,pathway/catalogue/*
say = @printf '%s\n' '-- $(1)'

.PHONY: help demo test prove check docs pictures bench lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1   \2/p' Makefile

demo: $(PROJECT) ## load the published cases and serve them on 127.0.0.1 (ARGS=--once: do not stay)
	@$(BIN)/pathway demo $(ARGS)

test: check ## set-up, checks, the whole test suite, and 100 % branch coverage of the core
	$(call say,pytest)
	@mkdir -p build
	@$(BIN)/pytest --numprocesses=2 --dist=loadfile --cov --cov-report= $(ARGS)
	$(call say,coverage of the core: every branch)
	@$(BIN)/coverage report --include='$(CORE)' --fail-under=100 --show-missing --skip-covered
	$(call say,coverage of everything: for information)
	@$(BIN)/coverage report --format=total

prove: $(TESTS) $(PROJECT) ## the long forms of the tests behind docs/guarantees.md, which is written anew (about an hour)
	@$(BIN)/pytest -m 'full or (guarantee and not quick)' --numprocesses=2 --dist=loadfile --traces=build/proved.json $(ARGS)
	@$(BIN)/python -m docs.guarantees build/proved.json

check: $(TESTS) $(PROJECT) ## ruff, mypy and import-linter
	$(call say,ruff)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --diff .
	$(call say,mypy)
	@$(BIN)/mypy
	$(call say,import-linter)
	@$(BIN)/lint-imports --no-logo

docs: $(TESTS) $(PROJECT) ## write the generated pages under docs/ again, and which test shows what
	@$(BIN)/python -m docs.generate
	@$(BIN)/python -m docs.traceability

pictures: $(TESTS) $(PROJECT) ## take the pictures of the pages for the README again (needs chromium)
	@PATHWAY_PICTURES=$(CURDIR)/docs/pictures PATHWAY_REQUIRE_ALL=1 $(BIN)/pytest -n0 tests/journeys/test_pictures.py $(ARGS)

bench: $(TESTS) $(PROJECT) ## the figures, as ratios measured side by side in one run
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## compile requirements/*.in to *.txt: hashes, no index addresses
	$(call say,Compiling the locks)
	@test -x build/lock/bin/uv || { $(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv; }
	@for name in runtime test build; do \
		build/lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
			--universal --python-version 3.11 --custom-compile-command 'make lock' $(ARGS) \
			requirements/$$name.in --output-file requirements/$$name.txt; done

clean: ## remove what set-up and the checks left (never var/, where the demo keeps its data)
	@rm -rf .venv build .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME):
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(call say,Creating .venv)
	@$(PYTHON) -m venv --clear .venv
	$(call say,Installing the locked dependencies)
	@$(INSTALL) $(LOCKED) -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(TESTS): $(RUNTIME)
	$(call say,Installing what the tests and checks need)
	@$(INSTALL) $(LOCKED) -r requirements/test.txt
	@$(BIN)/python -m pip check --quiet
	@touch $@

$(PROJECT): $(RUNTIME) pyproject.toml
	$(call say,Installing the project)
	@$(INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@
