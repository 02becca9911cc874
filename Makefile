# `make run` and `make test` do all their set-up; nothing else has to be installed by hand.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test campaign lint config lock clean

run: $(READY)  ## run the pipeline on the bundled sample, as run `demo`
	$(BIN)/travel_perks execute --run-id demo

test: $(READY)  ## run the whole suite
	$(BIN)/python -m pytest -n 2

campaign: $(READY)  ## kill runs everywhere, change everything, twenty at once: takes hours
	CAMPAIGN=1 $(BIN)/python -m pytest -q tests/workflow/test_kills.py \
	  tests/workflow/test_stale.py tests/workflow/test_many_runs.py

lint: $(READY)  ## check style, types and workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

config: $(READY)  ## remake config.yaml, its schema and the table of settings
	$(BIN)/python -m travel_perks.config_docs

lock:  ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --python-version 3.11 --extra test pyproject.toml -o requirements.lock

clean:  ## remove the environment and what tools leave
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)
