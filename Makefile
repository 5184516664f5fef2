# Two commands do everything on a machine with Python >= 3.11: `make demo` and `make test`.
PYTHON ?= python3
SEED ?= 770413
VENV := .venv
BIN := $(VENV)/bin
# An editable install compiles nothing, and where Python may not write bytecode every start would do it again: two to three times as long.
COMPILE := $(BIN)/python -m compileall -q aichaos backends

.PHONY: demo test lint unit explore fuzz bench agreement oracles testbed differential definitions demos schemas docs pictures clean kills faults stops hour shams brought image

demo: $(VENV)/.installed
	@$(BIN)/aichaos suggest --from demo:route-chaos \
	  --scenario "give me 3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs"

test: lint testbed unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/make_demos.py --check
	$(BIN)/python tools/make_docs.py --check

# The same order and the same examples each time: whoever runs it learns of the change, not of the dice.
unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --randomly-seed=$(SEED)

# The same tests in another order, their properties with examples that nobody has seen.
explore: $(VENV)/.dev testbed
	AICHAOS_EXPLORE=1 $(BIN)/python -m pytest -n auto

# The real etcd, API server, controller manager and kwok, built once and kept outside the tree.
testbed: $(VENV)/.dev
	$(BIN)/python -m tests.controlplane.build

# check against the real API server on thousands of manifests; SEED and COUNT choose others.
COUNT ?= 10600
agreement: $(VENV)/.dev testbed
	$(BIN)/python -m tests.agreement --seed $(SEED) --count $(COUNT) --write docs/agreement.md

# CustomResourceDefinitions, for the API server and for check.
definitions: $(VENV)/.dev testbed
	$(BIN)/python -m tests.agreement.definitions --seed $(SEED) --count $(COUNT)

# Every operator that Envoy has; Istio and Envoy Gateway, asked through their own translators and a real Envoy; RECORD=--record keeps the answers for the tests.
oracles: $(VENV)/.dev
	$(BIN)/python -m tests.controlplane.build envoy envoy-gateway istio
	AICHAOS_OPERATORS=2000 $(BIN)/python -m pytest -q tests/domain/test_operators.py
	$(BIN)/python -m tests.predict.oracles $(RECORD)

# The YAML front end on many more spoiled texts than the tests take.
fuzz: $(VENV)/.dev
	AICHAOS_EXPLORE=1 AICHAOS_FUZZ=20000 $(BIN)/python -m pytest -q -n auto tests/check/test_front_end.py

# A run that is killed, frozen or woken at every moment of its life.
kills: $(VENV)/.dev testbed
	AICHAOS_KILLS=1 $(BIN)/python -m pytest -q -n auto tests/run/test_kills.py

# Runs through a proxy that misbehaves by a seed, on the way to the real API server.
FAULTS ?= 300
faults: $(VENV)/.dev testbed
	AICHAOS_FAULTS=$(FAULTS) $(BIN)/python -m pytest -q -n auto tests/run/test_faults.py

# From stop to restored, a hundred times for each kind of stop.
STOPS ?= 100
stops: $(VENV)/.dev testbed
	$(BIN)/python -m tests.run.stops --count $(STOPS) --write docs/stops.md

# Fifty real runs in which nothing is done: none of them may give an alarm.
shams: $(VENV)/.dev testbed
	AICHAOS_SHAMS=50 $(BIN)/python -m pytest -q tests/run/test_shams.py

# Litmus, kube-burner and krkn, for real, out of a folder that you fill (tests/brought).
BROUGHT ?=
brought: $(VENV)/.dev testbed
	AICHAOS_BROUGHT=$(BROUGHT) $(BIN)/python -m pytest -q -n 2 tests/brought

# What deploy/Containerfile makes of a bare root file system (BASE, from debootstrap), and the guard run out of it as in its pod. Needs root.
BASE ?=
image: $(VENV)/.dev testbed
	$(BIN)/python -m tests.controlplane.image $(BASE) $(BASE).built
	AICHAOS_IMAGE=$(BASE).built $(BIN)/python -m pytest -q tests/run/image

# An hour of samples at 500 a second: memory, the size of the file, reading it back.
hour: $(VENV)/.dev
	AICHAOS_HOUR=1 $(BIN)/python -m pytest -q tests/measure/test_samples.py

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks --write docs/benchmarks.md

# The cases of docs/gateways, 6,840 requests and 480 calls to a real Contour and Envoy, each compared with what the profile `contour` foretells.
# Another SEED, other routes.
differential: $(VENV)/.dev
	AICHAOS_DIFFERENTIAL_SETS=450 AICHAOS_DIFFERENTIAL_ESTATES=60 AICHAOS_DIFFERENTIAL_CASES=all AICHAOS_DIFFERENTIAL_GRPC=60 \
		AICHAOS_DIFFERENTIAL_SEED=$(SEED) $(BIN)/python -m pytest -q -s tests/predict/differential

demos: $(VENV)/.dev
	$(BIN)/python tools/make_demos.py

# What check knows of every kind, from the API server and the definitions that the test cluster pins.
schemas: $(VENV)/.dev
	$(BIN)/python -m tools.make_schemas
	cd tools/cel && go run . 1.34 > ../../aichaos/check/schema/data/cel.json

docs: $(VENV)/.dev
	$(BIN)/python tools/make_docs.py --images

# The pictures of a report and of the dashboard, by the pages themselves; needs Chromium.
pictures: $(VENV)/.dev
	$(BIN)/python -m tools.pictures

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "aichaos needs Python 3.11 or newer; say which one with: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Could not make $(VENV). On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing aichaos into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing aichaos and what its tests need into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
