# Two commands: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
STAMP := $(VENV)/.installed

.PHONY: demo test lint check numbers docs packages fuzz faults mutants bench ratios clean

# What a user installs, without pictures, Spark and tests: the demo needs no more.
$(CORE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(STAMP): $(CORE)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[chart,files,spark]" --group test
	touch $@

demo: $(CORE)
	@mkdir -p build
	$(BIN)/neocalc score examples/cohort.csv -o build/scored.csv --force
	@echo
	$(BIN)/neocalc growth --sex f --gestation 27+3 --born 2026-05-01 --on 2026-08-14 \
	    --weight 3100g --length 49.5cm --head 35.2cm
	@echo
	$(BIN)/neocalc dose --trial NCT03558334 --arm A --weight 2.35kg \
	    --viable-concentration "2 million cells/mL"

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(OPTIONS)

lint: $(STAMP)
	$(BIN)/python -m pip install --quiet --group lint --group docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The tests with coverage: at least 95 % of branches, and 100 % where the numbers are made.
check:
	$(MAKE) test OPTIONS=--cov
	$(MAKE) numbers

numbers: $(STAMP)
	$(BIN)/python -m coverage report --include="$(subst $() ,$(),$(NUMBERS))" --fail-under=100

NUMBERS := */neocalc/references/lms.py,*/neocalc/ages/age.py,*/neocalc/reading/dates.py,*/neocalc/ages/lengths.py,*/neocalc/velocity/*,*/neocalc/dose/*

docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --group docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

SECONDS_EACH ?= 10
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python fuzz/fuzzer.py --seconds $(SECONDS_EACH) --jobs 2

# Every call of the system that fails, every moment to stop, every damaged byte.
faults: $(STAMP)
	$(BIN)/python scripts/try_faults.py

# Small faults in the code that makes the numbers: does a test fail? ONLY names modules.
mutants: $(STAMP)
	$(BIN)/python -m pip install --quiet --group mutants
	$(BIN)/mutmut run $(ONLY)

packages: $(STAMP)
	$(BIN)/python scripts/packages.py

# Every ratio of speed; the kept table is what docs/speed.md shows.
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py --json benchmarks/results.json

# A small benchmark: it fails when a ratio is twice the one that is kept.
ratios: $(STAMP)
	$(BIN)/python benchmarks/run.py --quick --check benchmarks/quick.json

clean:
	rm -rf $(VENV) build dist
