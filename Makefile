# Every target is for a person; `make help` lists them. Nothing is needed beforehand but Python ≥ 3.11.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PORT   ?= 8080
# Tests wait a third of their time, for processes they start and kill.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) \* 3 / 2)
export PORT
# Where an environment forbids it, each worker would compile the tests anew, and each process that a test starts the program.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

help: ## list every target
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The stamp carries the lock's content: a changed lock makes the environment again, an unchanged one costs nothing.
$(VENV)/stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Lắng Nghe needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@touch $@

venv: $(VENV)/stamp ## build the virtual environment from the lock

demo: $(VENV)/stamp ## a whole small province on http://127.0.0.1:8080: answer, and see what the ward sees
	@exec $(BIN)/python -m bot demo

zalo: $(VENV)/stamp ## a local Zalo, the bot connected to it, and a phone on http://127.0.0.1:8080/zalo-phone: no account needed
	@exec $(BIN)/python -m bot demo --residents 60 --directory var/zalo

run: $(VENV)/stamp ## the bot, from the settings in .env
	@exec $(BIN)/python -m bot run

chat: $(VENV)/stamp ## talk to the bot in this terminal
	@exec $(BIN)/python -m bot chat

test: $(VENV)/stamp ## all tests, in parallel
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q $(ARGS)

nightly: $(VENV)/stamp ## the long campaigns too
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q --long $(ARGS)

years: $(VENV)/stamp ## years on a virtual clock, as many as one likes: make years YEARS=200
	@YEARS=$(or $(YEARS),50) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q tests/year $(ARGS)

mutants: $(VENV)/stamp ## change the code in a thousand small ways and see whether a test notices (hours)
	@$(BIN)/mutmut run

check: $(VENV)/stamp ## format, lint, types, import contracts, .env.example against the settings
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m bot settings --check .env.example

format: $(VENV)/stamp ## put the code in order
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/stamp ## one JSON line per benchmark
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## choose versions again: requirements.lock from pyproject.toml
	@test -x $(BIN)/uv || ($(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' pyproject.toml -o requirements.lock

clean: ## forget the virtual environment, the demo and every cache
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help venv demo zalo run chat test nightly years mutants check format bench lock clean
