# Tongban (通办). Two commands: `make demo` runs the main job, `make test` passes the tests.
.DEFAULT_GOAL := help
SHELL := /bin/bash
ROOT := $(CURDIR)
ifneq ($(words $(ROOT)),1)
$(error 路径中不能有空格 / the path of this folder must not hold a space: $(ROOT). Next: move it, then run again)
endif
HOME_DIR ?= $(ROOT)/var/demo
VENV := $(ROOT)/.venv
PY := $(VENV)/bin/python
TONGBAN := $(VENV)/bin/tongban
# Byte code is kept: importing Airflow without it costs 10 s instead of 2.5 s.
export PYTHONDONTWRITEBYTECODE :=
export TONGBAN_ROOT := $(ROOT)
export GX_ANALYTICS_ENABLED := false
export PYTHON
ONCE ?=
RESIDENTS ?= 2000
CERTIFICATES ?= 200
PORT ?= 8600
REGION ?= 410100
AIRFLOW_PORT ?= 18080
CORPUS ?=
OUT ?=
MINUTES ?= 10
TARGETS ?=
PYTEST := $(PY) -m pytest
TEST_JOBS ?= 2

.PHONY: help setup demo test test-services services-table test-judges coverage check bench bench-fetch bench-signing corpus taxonomy soak fuzz airflow lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo "variables, as in make demo PORT=8700:"
	@echo "  HOME_DIR=$(HOME_DIR) PORT=$(PORT) AIRFLOW_PORT=$(AIRFLOW_PORT)"
	@echo "  RESIDENTS=$(RESIDENTS) CERTIFICATES=$(CERTIFICATES) TEST_JOBS=$(TEST_JOBS) ONCE= CORPUS= PYTHON="

setup: $(VENV)/ready ## create .venv and install the locked dependencies

# A checkout that was moved takes its environment along, but not the paths inside it.
ifneq ($(wildcard $(VENV)/root),)
ifneq ($(shell cat "$(VENV)/root"),$(ROOT))
.PHONY: $(VENV)/ready
endif
endif

$(VENV)/ready: requirements.lock requirements-uv.lock
	@bash .ci/setup.sh "$(VENV)" "$(ROOT)"

demo: $(VENV)/ready ## the main job: two cities from delivery to window (ONCE=1: run, check, exit)
	@$(TONGBAN) demo --home "$(HOME_DIR)" --residents $(RESIDENTS) --certificates $(CERTIFICATES) --port $(PORT) $(if $(ONCE),--once)

test: $(VENV)/ready ## unit, property, contract, API and page tests on embedded parts (<= 10 min)
	@$(PYTEST) tests -n $(TEST_JOBS) --dist loadfile -q -m "not services and not judges and not soak"

test-services: $(VENV)/ready ## tests with real servers and Chromium (<= 25 min; what is missing is a named skip)
	@$(PYTEST) tests -q -m services

services-table: $(VENV)/ready ## write the servers that test-services proved, with versions, into docs/deploy.md
	@$(PY) -m tests.proven

test-judges: $(VENV)/ready ## independent verifiers (<= 10 min; what is missing is a named skip)
	@$(PYTEST) tests -q -m judges || [ $$? -eq 5 ]

# Rooms whose tests lie elsewhere than in tests/ROOM.
TESTS_signing := tests/signing tests/signing_formats
TESTS_hub := tests/web tests/demo tests/dags

coverage: $(VENV)/ready ## branch coverage of one room by its own tests: make coverage ROOM=kernel
	@[ -n "$(ROOM)" ] && [ -d "$(ROOT)/$(ROOM)" ] || { echo "No such room: '$(ROOM)'. Next: make coverage ROOM=kernel" >&2; exit 2; }
	@mkdir -p var/coverage
	@COVERAGE_FILE=var/coverage/$(ROOM) $(PYTEST) $(or $(TESTS_$(ROOM)),tests/$(ROOM)) -q -m "not services and not judges and not soak" --cov=$(ROOM) --cov-report=term-missing:skip-covered

check: $(VENV)/ready ## ruff, mypy, import contracts, house rules, docs
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PYTEST) tests/house -q

bench: $(VENV)/ready ## speed as ratios against a peer or a limit in the same run; writes var/bench/*.json
	@$(PY) -m bench

bench-fetch: $(VENV)/ready ## a minute of fetches on SQLite and on PostgreSQL: SECONDS=60 DATABASE=both
	@$(PY) -m bench.fetch --seconds $(or $(SECONDS),60) --database $(or $(DATABASE),both)

bench-signing: $(VENV)/ready ## sealing and verifying against raw cryptography, pyHanko and the JVM; one core, medians
	@$(PY) -m bench signing

corpus: $(VENV)/ready ## agreement with expected verdicts: make corpus CORPUS=folder
	@[ -d "$(CORPUS)" ] || { echo "No such folder: '$(CORPUS)'. Next: make corpus CORPUS=folder, with index.tsv in each folder below it." >&2; exit 2; }
	@$(PY) -m bench.corpus "$(CORPUS)"

taxonomy: $(VENV)/ready ## a file for every way a seal can fail, as a corpus: make taxonomy OUT=new-folder
	@[ -n "$(OUT)" ] || { echo "No folder named. Next: make taxonomy OUT=new-folder, then make corpus CORPUS=new-folder." >&2; exit 2; }
	@$(PY) -m tests.taxonomy "$(OUT)"

soak: $(VENV)/ready ## what takes longer than CI allows; by hand, report in docs/reports
	@$(PYTEST) tests -q -s -m soak
	@$(MAKE) --no-print-directory fuzz

fuzz: $(VENV)/ready ## the parsers under atheris, ten minutes of processor time each (MINUTES=, TARGETS=); part of a soak
	@$(PY) -m uv pip install --quiet --require-hashes --python $(PY) -r requirements-fuzz.lock
	@$(PY) -m tests.fuzz --minutes $(MINUTES) --work "$(ROOT)/var/fuzz" $(TARGETS)

airflow: $(VENV)/ready ## Airflow api-server, scheduler and dag-processor on a demo city's files (REGION=); Ctrl-C stops
	@$(TONGBAN) airflow up --home "$(HOME_DIR)/$(REGION)" --port $(AIRFLOW_PORT)

lock: $(VENV)/ready ## renew requirements.lock from pyproject.toml (hashes, no addresses)
	@$(PY) -m uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header -p 3.11 --universal -q -o requirements.lock

# var/hub is where a hub lives that nobody gave another folder: no habit may delete it.
clean: ## remove the demo, figures of benches, caches of tools; keeps .venv and var/hub
	@rm -rf "$(ROOT)/var/demo" "$(ROOT)/var/bench" "$(ROOT)/var/judges" "$(ROOT)/var/coverage" "$(ROOT)/var/fuzz" .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
