# Only this file installs anything, and only from locked files.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
RECIPE ?= reports/demo.toml
NAME := $(basename $(notdir $(RECIPE)))
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help report test lint texts notebooks lab clean lock torture simulate rivals bench load-demo load-grocery

help: ## list what this Makefile can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

report: .stamps/install $(addprefix load-,$(filter demo grocery,$(NAME))) ## publish a report: make report RECIPE=reports/demo.toml
	@$(BIN)/journey run $(RECIPE)

test: .stamps/test load-demo load-grocery ## run everything: lint, types, imports, tests, examples, notebooks
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=120 -p no:cacheprovider notebooks

lint: .stamps/test ## ruff, mypy, import contracts, stripped notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

POT := journeylib/show/words/catalogues/pages.pot
texts: .stamps/test ## collect the texts of the pages for translators; writes show/words/catalogues/pages.pot
	@$(BIN)/pybabel -q extract --no-default-keywords -k say:1 -k many:2,3 -k later:1 -c Translators: \
	  --add-location=file --sort-by-file --width=100 \
	  --header-comment='# The texts of the pages. `make texts` collects them from the code.' \
	  -o $(POT).new journeylib/show journeylib/publish
	@sed -E '/^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By):/d; /^#, /s/python-format/no-python-format/' \
	  $(POT).new > $(POT) && rm $(POT).new

define WITHOUT_QUERIES
import sys, nbformat
for path in sys.argv[1:]:
    book = nbformat.read(path, as_version=4)
    for output in (output for cell in book.cells for output in cell.get("outputs", ())):
        output.get("metadata", {}).clear()
    nbformat.write(book, path)
endef
export WITHOUT_QUERIES

notebooks: .stamps/test load-demo ## run the notebooks over the demo store and keep only the outputs tagged for it
	@$(BIN)/jupyter nbconvert --to notebook --execute --inplace --log-level=ERROR notebooks/*.ipynb notebooks/explore/*.ipynb
	@$(BIN)/nbstripout --keep-count --extra-keys "metadata.language_info cell.metadata.execution" notebooks/*.ipynb notebooks/explore/*.ipynb
	@$(BIN)/python -c "$$WITHOUT_QUERIES" notebooks/*.ipynb notebooks/explore/*.ipynb

lab: .stamps/install load-demo ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

torture: .stamps/test ## kills, floods, growth, corruptions, attacks on hidden cells; writes docs/torture.md, histories.md, corruptions.md, privacy.md, identical.md
	$(BIN)/python tests/heavy/torture.py
	$(BIN)/python tests/heavy/histories.py
	$(BIN)/python tests/heavy/corruptions.py
	$(BIN)/python tests/heavy/attack.py
	$(BIN)/python tests/heavy/identical.py

simulate: .stamps/test ## coverage of intervals, errors of tests and series; writes docs/statistics.md, churn.md, null-worlds.md, changes.md, comparison.md, planted.md
	$(BIN)/python tests/heavy/simulate.py
	$(BIN)/python tests/heavy/simulate_churn.py
	$(BIN)/python tests/heavy/null_worlds.py
	$(BIN)/python tests/heavy/changes.py
	$(BIN)/python tests/heavy/compare.py
	$(BIN)/python tests/heavy/planted.py

rivals: .stamps/rivals ## an environment of its own for what `make bench` measures us beside

bench: .stamps/test .stamps/rivals load-demo load-grocery ## speed and memory beside SQL by hand and others, the same numbers on Spark; writes docs/benchmarks*, spark.md
	$(BIN)/python tests/heavy/bench $(BENCH)
	$(BIN)/python tests/heavy/bench_load.py
	$(BIN)/python tests/heavy/bench_churn.py
	$(BIN)/python tests/heavy/spark_equal.py

clean: ## remove the environment and the two sample reports with their data; yours stay
	rm -rf .venv .venv-rivals .stamps .mypy_cache .ruff_cache .pytest_cache
	rm -rf $(foreach name,demo grocery,sources/$(name) stores/$(name) stores/$(name).private reports/$(name))

lock: ## write the locked requirements again from the *.in files (needs uv)
	for set in "" -test -grocery -bench; do \
	  uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command "make lock" \
	    requirements$$set.in -o requirements$$set.txt; done

.stamps/venv:
	@mkdir -p .stamps
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@touch $@

.stamps/install: requirements.txt pyproject.toml | .stamps/venv
	@echo "installing the locked requirements (once, about a minute)"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.stamps/test: requirements-test.txt .stamps/install
	@$(PIP) --require-hashes -r requirements-test.txt
	@touch $@

.stamps/grocery: requirements-grocery.txt .stamps/install
	@$(PIP) --require-hashes -r requirements-grocery.txt
	@touch $@

.stamps/rivals: requirements-bench.txt | .stamps/venv
	@rm -rf .venv-rivals && $(PYTHON) -m venv .venv-rivals
	@.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

sources/demo/mapping.toml: $(wildcard journeylib/data/worlds/*.py journeylib/data/worlds/*.toml) | .stamps/install
	@$(BIN)/python -m journeylib.data.worlds --to sources/demo

sources/grocery/mapping.toml: journeylib/data/grocery.py journeylib/data/grocery.toml | .stamps/grocery
	@$(BIN)/python -m journeylib.data.grocery --to sources/grocery

load-demo load-grocery: load-%: sources/%/mapping.toml
	@$(BIN)/journey load --mapping $< --store stores/$*
