# The commands of this project. `make install` comes first in each of them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_TOOLS := tests/aws/node_modules/.installed tests/aws/nag/node_modules/.installed
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: install lock lint test fuzz demo bench stage-times chaos soak coverage-docs calls-docs resources-docs supply-chain grafana-dashboard test-images pictures clean

# What the engine runs is compiled here: sandboxes see it read-only, where Python would compile it at each start of a program.
install: $(STAMP)
	@$(BIN)/python -m compileall -q src

$(STAMP): requirements/dev.txt requirements/uv.txt requirements/console_assets.txt requirements/console_assets.py pyproject.toml requirements/runtime.in
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/python requirements/console_assets.py
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# Re-resolves the locked requirements (needs the network).
lock:
	$(BIN)/$(COMPILE) -o requirements/dev.txt requirements/dev.in
	$(BIN)/$(COMPILE) -o requirements/runtime.txt -c requirements/dev.txt requirements/runtime.in
	$(BIN)/$(COMPILE) -o requirements/checkov.txt requirements/checkov.in
	$(BIN)/$(COMPILE) -o requirements/sagemaker.txt requirements/sagemaker.in
	$(BIN)/$(COMPILE) -o requirements/mlflow.txt requirements/mlflow.in
	$(BIN)/$(COMPILE) -o requirements/sagemaker_core.txt requirements/sagemaker_core.in
	$(BIN)/$(COMPILE) -o requirements/schemathesis.txt requirements/schemathesis.in
	$(BIN)/$(COMPILE) -o requirements/aws_cli.txt --no-deps requirements/aws_cli.in
	$(BIN)/$(COMPILE) -o requirements/pip_audit.txt requirements/pip_audit.in
	$(BIN)/$(COMPILE) -o requirements/uv.txt -c requirements/dev.txt requirements/uv.in
	for peer in benchmarks/peers/*.in; do $(BIN)/$(COMPILE) -o $${peer%.in}.txt $$peer || exit; done
	cd project/container/code && for name in requirements requirements-lambda requirements-mlflow; do \
		$(CURDIR)/$(BIN)/$(COMPILE) -o $$name.txt $$name.in || exit; done
	$(BIN)/$(COMPILE) -o src/mlsystem/client/images/libraries.txt --no-deps --only-binary :all: requirements/image_libraries.in
	$(BIN)/$(COMPILE) -o requirements/console_assets.txt --no-deps --only-binary :all: requirements/console_assets.in

# The validator of state machines and cdk-nag are npm packages. Without npm their tests are listed as not run (with CI=true they fail).
$(NODE_TOOLS): %/node_modules/.installed: %/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix $* --silent --no-fund --no-audit && touch $@; \
	else echo "npm is not installed: what $* has is not run"; fi

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Its parts and how they share the machine stand in tests/suite.py; tests/order.py says which files begin first.
# Compiled tests and tools are kept whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE :=
test:
	@$(MAKE) --no-print-directory --jobs=3 install $(NODE_TOOLS)
	@$(BIN)/python -m tests.suite

# Made-up inputs of every kind; what the code does not stand is printed with the command that repeats it. 100,000 take an hour of a processor.
INPUTS ?= 100000
SEED ?= 1
fuzz: install
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --seed $(SEED)
	$(BIN)/python -m tests.contract --requests 2000 --seed $(SEED)

demo: install
	$(BIN)/mlsystem demo

# Figures of this machine, into benchmarks/results. With QUICK=1 the shortest forms, but for those that take minutes; thrown away.
bench: install
ifdef QUICK
	results=$$(mktemp -d) && $(BIN)/python benchmarks/all.py --quick --results $$results && rm -r $$results
else
	$(BIN)/python benchmarks/all.py
endif

# Runs the demo and writes how long its stages took into docs/components.md. The machine should have nothing else to do.
stage-times: install
	home=$$(mktemp -d) && $(BIN)/mlsystem --home $$home demo --times docs/stage-times.json && $(BIN)/mlsystem --home $$home down
	$(BIN)/python benchmarks/stage_times.py

# Writes docs/coverage.md anew from the code.
coverage-docs: install
	$(BIN)/python -m mlsystem.engine.coverage > docs/coverage.md.new && mv docs/coverage.md.new docs/coverage.md

# Writes docs/calls.md anew from the source.
calls-docs: install
	$(BIN)/python -m tests.docs.calls_page > docs/calls.md.new && mv docs/calls.md.new docs/calls.md

# Writes the dashboard for Grafana anew from the one for CloudWatch.
grafana-dashboard: install
	$(BIN)/python -m tests.aws.grafana_dashboard > grafana-dashboard.json.new && mv grafana-dashboard.json.new studio_nbs/grafana-dashboard.json

# Writes requirements/licences.tsv and the bill of materials anew from the locks, then asks for known vulnerabilities: it fails where those
# cannot be asked for. Needs the network after `make lock`.
supply-chain: install
	$(BIN)/python -m tests.supply_chain
	$(BIN)/python -m tests.supply_chain.vulnerabilities

# Builds the images as a Docker daemon would, without one: see the script. Takes minutes, so it is no part of `make test`.
test-images:
	tests/aws/build_images.sh

# Writes docs/resources.md anew from the templates.
resources-docs: install
	$(BIN)/python -m tests.aws.resources_page > docs/resources.md.new && mv docs/resources.md.new docs/resources.md

# Pictures of the console for the README and docs/, made by the test that clicks through a model's life. Look at them before they are committed.
pictures: install
	MLSYSTEM_PICTURES=docs/pictures $(BIN)/python -m pytest tests/e2e/test_console_story.py

# Every passage of every race point and every sync, where `make test` visits the essential ones. With RUNS=1000 lives of an engine under random faults
# instead: so many in all, as what chaos-results has is not run again; each takes about eight seconds.
chaos: install
ifdef RUNS
	$(BIN)/python -m tests.chaos --runs $(RUNS) --seed $(SEED)
else
	MLSYSTEM_CHAOS=1 $(BIN)/python -m pytest tests -k "kill_point or power_cut" --timeout 7200
endif

# The whole system under load, deployments, drifts and retrainings: memory, files, threads and processes must stay flat.
MINUTES ?= 60
soak: install
	$(BIN)/python -m tests.soak --minutes $(MINUTES)

clean:
	rm -rf $(VENV) tests/aws/node_modules tests/aws/nag/node_modules
