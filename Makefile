# The two commands are `make validate` and `make test`; each does all its set-up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KUSTOMIZE := v5.8.1
# What kubectl 1.32 and 1.33 embed: the oldest that the manifests must build on.
OLDEST_KUSTOMIZE := v5.5.0
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := validator build_schemas.py tests bench scripts

.PHONY: help validate setup test test-cluster lint format docs bench clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

validate: setup ## Is the prod overlay fit for production?
	@$(BIN)/qt-validate overlays/prod

setup: $(VENV)/installed ## Make .venv with qt-validate in it, and Kustomize when neither it nor kubectl is there
	@command -v kustomize >/dev/null || command -v kubectl >/dev/null || \
	  scripts/install-kustomize.sh $(KUSTOMIZE) $(BIN) $(BIN)/python

test: $(VENV)/installed-dev ## Run all tests, on the oldest and the newest Kustomize
	@scripts/install-kustomize.sh $(KUSTOMIZE) $(BIN) $(BIN)/python
	@scripts/install-kustomize.sh $(OLDEST_KUSTOMIZE) $(VENV)/kustomize-oldest $(BIN)/python
	@scripts/install-test-tools.sh
	@$(BIN)/python -m pytest $(ARGS)

test-cluster: $(VENV)/installed-dev ## Apply, run and drain the manifests on real API servers (builds them: twenty minutes, once)
	@scripts/install-kustomize.sh $(KUSTOMIZE) $(BIN) $(BIN)/python
	@$(BIN)/python -m tests.cluster.programs
	@$(BIN)/python -m pytest tests/cluster $(ARGS)

lint: $(VENV)/installed-dev ## Check style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > $(VENV)/layers.log || { cat $(VENV)/layers.log; exit 1; }

format: $(VENV)/installed-dev ## Rewrite the Python sources in the project's style
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

docs: $(VENV)/installed-dev ## Write docs/rules.md from the rules, docs/agreement.md from the cluster's test cases
	@$(BIN)/python scripts/write_rule_docs.py
	@$(BIN)/python scripts/write_agreement.py

bench: $(VENV)/installed-dev ## Time qt-validate beside Kustomize, kubeconform and kube-score
	@$(BIN)/python bench/run.py $(ARGS)

clean: ## Remove .venv and everything made in it
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist bench/out
	rm -rf validator/schemas/packed
	rm -rf .cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }

# Editable: the sources here are what runs, so a change of them needs no new set-up.
$(VENV)/installed: $(BIN)/python pyproject.toml build_schemas.py
	@echo "setting up $(VENV) (half a minute, once)" >&2
	@$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(PIP) install --editable '.[dev]'
	@touch $@
