# Two commands: `make run` (the whole product on one machine) and `make test`. Both set themselves up.
PYTHON ?= python3
VENV := .venv
ARGS ?=

.PHONY: run test setup render bench deploy-deaths
.DEFAULT_GOAL := run

run: setup
	@$(VENV)/bin/python -m simulator.local $(ARGS)

test: setup
	@scripts/check

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.13 run")'
	@echo "Setting up $(VENV) (once; about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip<26.3'
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

bench: setup .venv-bench/.ready
	@$(VENV)/bin/python -m benchmarks $(ARGS)

.venv-bench/.ready: requirements-bench.txt
	@echo "Setting up .venv-bench, with what is measured beside us"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-bench.txt
	@touch $@

render: setup
	@$(VENV)/bin/python -m infra render

# A deploy is killed after each call that changes something, then repaired and repeated: about ten minutes.
deploy-deaths: setup
	@AWS_DEFAULT_REGION=eu-west-1 STAGE=rehearsal $(VENV)/bin/python -m tests.deploy.deaths
