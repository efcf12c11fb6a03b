# One command each: setup, demo, test, drills, soak, check, bench. CI (.ci/run) runs the same ones.
#
#   make demo ARGS="--households 50"     make test ARGS="tests/core -k residence"     make soak MINUTES=60
#   make bench ARGS=matching             make bench QUICK=1
#   make test PROCESSES=0                (all in one process: to debug)
#   make setup PYTHON=python3.12         (to start over: rm -r .venv)

PYTHON  ?= python3
MINUTES ?= 10
ARGS    ?=
# Files of tests are divided over so many, more than there are cores: most of them wait for processes, pages and brokers.
PROCESSES ?= 3
QUICK   ?=
EXTRAS  := demo,postgres,dev

BIN   := .venv/bin
# What was installed: made again when pyproject.toml changes, or the checkout moves.
STAMP := .venv/.installed-$(shell (pwd; cat pyproject.toml .ci/supported.py) | cksum | cut -d' ' -f1)

# A new pip resolves in a third of the time of the one that Python 3.11 brings. It compiles on one core what it installs,
# compileall on all of them; not these, of which little is ever imported. `|| true`: a package may bring a file for another
# Python along, and what is not compiled is compiled when it is imported; nothing else can fail here.
SELDOM := /(faker/providers|holidays/countries|mypy|mypyc|pip|pygments/(lexers|styles)|setuptools|stdnum)/

# Tests start hundreds of Pythons and collect in several: they read compiled modules instead of compiling each anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test drills soak check bench design clean
.SUFFIXES:

help:
	@echo "make setup | demo [ARGS=...] | test [ARGS=...] | drills | soak [MINUTES=10] | check | bench [QUICK=1] | design | clean"

setup: $(STAMP)
	@:

$(STAMP):
	@command -v $(PYTHON) >/dev/null || { echo "regiehub: $(PYTHON) not found; it needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) .ci/supported.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "regiehub: no virtual environment could be made; install python3-venv"; exit 1; }
	@echo "installing into .venv (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=26,<27'
	@$(BIN)/python -m pip install --quiet --no-compile --editable '.[$(EXTRAS)]'
	@$(BIN)/python -m compileall -qq -j 0 -x '$(SELDOM)' .venv/lib hub connectors || true
	@rm -f .venv/.installed-*
	@touch $@

# exec: Ctrl-C reaches the demo itself, once, and make has nothing to add.
demo: setup
	@exec $(BIN)/regiehub demo $(ARGS)

test: setup
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)

# What operations and vendors do in earnest, at length: restarts, restores, alerts in a real Prometheus, the guide.
drills: setup
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --drills $(ARGS)

soak: setup
	@REGIEHUB_SOAK_MINUTES=$(MINUTES) $(BIN)/python -m pytest $(ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# The contestants are large and needed for nothing else: they are installed the first time.
bench: $(STAMP)-bench
	@QUICK=$(QUICK) $(BIN)/python -m bench $(ARGS)

# Quix Streams refuses our pydantic, so it gets an environment of its own; without it the table says so.
QUIX := bench/whole_job/quix-requirements.txt
$(STAMP)-bench: $(STAMP) $(QUIX)
	@echo "installing the contestants into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS),bench]'
	@$(PYTHON) -m venv .venv/quix && .venv/quix/bin/python -m pip install --quiet --disable-pip-version-check -r $(QUIX) \
	  || echo "bench: Quix Streams could not be installed; it is left out"
	@touch $@

# Copies the CSS of the NL Design System parts that .ci/npm/package.json pins. Needs npm; only to change them.
design:
	@npm ci --prefix .ci/npm --silent --no-audit --no-fund
	@$(PYTHON) .ci/npm/copy_css.py

# Leaves .venv alone.
clean:
	@rm -rf .ci/npm/node_modules build dist .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find hub connectors schemas bench tests -name __pycache__ -type d -prune -exec rm -rf {} +
