.DEFAULT_GOAL := help
PY := .venv/bin/python
export PYTHONPATH := $(CURDIR)

.venv/ready: requirements.lock
	@python3 -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	@.venv/bin/python -m uv pip install --quiet --require-hashes -r requirements.lock
	@touch $@

.PHONY: test check help
test: .venv/ready ## unit tests
	$(PY) -m pytest -q tests

check: .venv/ready ## lint and types
	$(PY) -m ruff check kernel

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'
