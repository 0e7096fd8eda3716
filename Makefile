# Every target first builds .venv/ from the hashed list, with the project editable in it.
SHELL := /bin/sh
# The system's own Python where it will do: it is built with profile-guided optimisation, one that pyenv builds is not and
# takes a sixth longer for a ticket. Another one: make PYTHON=python3.13
WILL_DO := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(shell for one in /usr/bin/python3 python3; do $$one -c '$(WILL_DO)' 2>/dev/null && echo $$one; done) python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := api benchmarks cli console domain features models router simulation store training
export OMP_WAIT_POLICY := passive
unexport PYTHONDONTWRITEBYTECODE  # every process would compile all that it imports anew

.PHONY: help demo test lint check bench screenshots format requirements clean

help:
	@echo "make demo   install and watch a simulated city's tickets find their units"
	@echo "make test   install and run the tests"
	@echo "make lint   format, lint, types, import contracts, wheel smoke test"
	@echo "make check  lint + test"
	@echo "make bench  the slow measurements"
	@echo "make screenshots  every page of the console as a picture, into reports/screenshots"

$(VENV)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gridroute needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3-venv is missing. Run: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { echo "libgomp1 is missing (LightGBM needs it). Run: apt-get install libgomp1"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing gridroute into $(VENV)/ (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@$(BIN)/python -m cli.warming
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/gridroute demo

test: $(VENV)/.installed
	@$(BIN)/python -m pytest

lint: $(VENV)/.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@sh tests/wheel_smoke.sh $(BIN)/python

check: lint test

bench: $(VENV)/.installed
	@$(BIN)/python -m benchmarks

screenshots: $(VENV)/.installed
	@$(BIN)/python -m tests.browser.screenshots

format: $(VENV)/.installed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Needs uv. Pins every dependency with hashes, for every platform; names no registry.
requirements:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --group dev pyproject.toml --output-file requirements.txt

clean:
	rm -rf $(VENV) dist build
	find . -name '*.nb[ic]' -delete
