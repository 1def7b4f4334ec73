# Everything runs in .venv, which the first call sets up.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := mnnfab geometry fem export
# A file of tests a worker, so that what its tests share is made once; a thread each.
TOGETHER := -n auto --dist loadfile
# More options for `make test`.
PYTEST_ARGS ?=
test test-ci words test-all: export OMP_NUM_THREADS ?= 1

.PHONY: demo test test-ci words coverage test-all lint types doctest docs commands reference bench picture reproduction validation paraview clean

demo: .venv/ready ## the main job: train, check and export the iris classifier
	$(BIN)/mnnfab run examples/iris.toml

test: .venv/ready ## all tests that take less than some eight seconds each
	$(BIN)/python -m pytest -q -m "not ci and not slow and not words" $(TOGETHER) $(PYTEST_ARGS)

test-ci: .venv/ready ## whole runs of the examples and other tests of up to a minute each
	$(BIN)/python -m pytest -q -m "ci and not slow" $(TOGETHER) $(PYTEST_ARGS)

coverage: ## branch coverage of both, and the lines that no test reaches; half as long again
	$(MAKE) test PYTEST_ARGS="--cov --cov-report="
	$(MAKE) test-ci PYTEST_ARGS="--cov --cov-append --cov-report=term-missing:skip-covered"

words: .venv/ready ## every command of README and docs
	$(BIN)/python -m pytest -q -m "words and not slow" -n auto

test-all: .venv/ready ## the slow ones too
	$(BIN)/python -m pytest -q $(TOGETHER)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

doctest: .venv/ready
	$(BIN)/python -m pytest -q --doctest-modules --ignore=fem/mesher.py $(PACKAGES)

docs: .venv/ready ## the site of docs/ in out/site; a warning is an error
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/sphinx-build -q -W --keep-going -b html docs out/site

commands: .venv/ready ## docs/reference/commands.md, from the `--help` texts
	$(BIN)/python tools/commands_page.py

reference: .venv/ready ## docs/reference: design file and finding codes, from the code
	$(BIN)/python tools/reference_pages.py

bench: .venv/ready ## speed, each beside peers measured in the same run
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/large_networks.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/classifiers.py
	$(BIN)/python benchmarks/solid.py
	$(BIN)/python benchmarks/continuum.py
	$(BIN)/python benchmarks/batch.py
	$(BIN)/python benchmarks/loaded_training.py $(BIN)/python

picture: .venv/ready ## the pictures of README and docs, and the notebook (needs libegl1 and chromium)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[browser]'
	$(BIN)/python tools/picture.py
	$(BIN)/python tools/report_picture.py
	$(BIN)/python tools/notebook.py

reproduction: .venv/ready ## the paper's experiments, and docs/explanation/reproduction.md
	rm -rf out/reproduce
	$(BIN)/mnnfab reproduce --out out/reproduce
	mkdir -p docs/explanation/reproduction
	cp out/reproduce/*.png docs/explanation/reproduction/
	sed 's#](fig\([^)]*\)[.]png)#](reproduction/fig\1.png)#; /^Film:/d' out/reproduce/summary.md | cat -s > docs/explanation/reproduction.md

validation: .venv/ready ## the models against each other and the loop: docs/explanation/validation.md
	$(BIN)/python tools/validation.py

paraview: demo ## the picture of docs/how-to/paraview.md; needs Debian's paraview, python3-paraview and xvfb
	xvfb-run -a pvbatch tools/paraview_view.py out/iris/iris.vtu docs/how-to/paraview.png 2

.venv/ready: pyproject.toml constraints.txt tools/setup.sh
	PYTHON="$(PYTHON)" sh tools/setup.sh

clean:
	rm -rf .venv out build *.egg-info .mypy_cache .pytest_cache .ruff_cache
