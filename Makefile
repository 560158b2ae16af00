# Every target makes the environment it needs first: Python 3.11 or newer, git and make are enough.
.DEFAULT_GOAL := help
.PHONY: help run calibrate test test-all bench ui lint format lock clean

PYTHON ?= python3
PORT ?= 5000
BIN := .venv/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## run the stages that changed and show the outcome
	@$(BIN)/constancy run

calibrate: .venv/ready ## measure what severities cost on your data, propose better ones
	@$(BIN)/constancy calibrate

PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test: .venv/ready ## run the tests but for the slow ones
	@$(PYTEST) -m 'not slow'

test-all: .venv/ready ## run every test
	@$(PYTEST)

bench: .venv/ready ## measure training: step, input, evaluation (DATA=fashion-mnist.tar.gz: as a whole)
	@for each in training_step input_pipeline evaluation; do $(BIN)/python benchmarks/$$each.py || exit; done
	@if [ -n "$(DATA)" ]; then $(BIN)/python benchmarks/training_whole.py "archive:$(DATA)"; fi

ui: .venv/ready ## open the tracking UI on 127.0.0.1 (PORT=5000)
	@$(BIN)/constancy ui --port $(PORT)

lint: .venv/ready ## check formatting, style and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: .venv/ready ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .venv/ready ## pin the dependencies anew in requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --all-extras --upgrade \
	  --custom-compile-command 'make lock' pyproject.toml -o requirements.lock

clean: ## remove the environment and all caches, but neither data nor models
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock pins uv like everything else; pip installs uv alone, and uv the rest, in seconds. Both
# trust the certificates that the machine trusts, such as those of a company's proxy.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "constancy: Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { \
	  echo "constancy: Python's venv module is missing: install it (on Debian: python3-venv)" >&2; exit 2; }
	@echo "Making the environment in .venv (once; some 7 GB)"
	@awk '/^uv==/ {on=1; print; next} /^[^ ]/ {on=0} on' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@UV_SYSTEM_CERTS=true $(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
