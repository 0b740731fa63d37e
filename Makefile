# The commands of this project. `make install` comes first in each of them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install lock test lint demo bench chaos clean

install: $(STAMP)

$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml requirements/runtime.in
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# Re-resolves the locked requirements (needs the network).
lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/dev.txt requirements/dev.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/runtime.txt -c requirements/dev.txt requirements/runtime.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/uv.txt -c requirements/dev.txt requirements/uv.in

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest tests

# Every passage of every race point, where `make test` visits the essential ones.
chaos: install
	MLSYSTEM_CHAOS=1 $(BIN)/python -m pytest tests -k kill_point --timeout 7200

clean:
	rm -rf $(VENV)
