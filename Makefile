# Everything a user does, by name: `make help`. Python 3.11 to 3.13 and make are all it needs.
# Tools are called as `.venv/bin/python -m ...`: their scripts' first lines do not survive a
# repository path with spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 5000
DB ?= mlflow.db

# DVC runs the stages as `python -m stages.x`: that has to be this environment's python.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# TensorFlow starts in half the time with compiled bytecode, which some machines switch off.
unexport PYTHONDONTWRITEBYTECODE
# Another project's modules and environment are not this one's; the folder's own modules are.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH

INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_GPU := $(VENV)/.installed-gpu
INSTALLED_EXPORT := $(VENV)/.installed-export
INSTALLED_CLUSTER := $(VENV)/.installed-cluster
INSTALLED_DOCS := $(VENV)/.installed-docs

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Start with 'make demo'. PYTHON=... chooses the Python, GPU=1 adds the CUDA libraries."

.PHONY: setup
setup: $(INSTALLED) $(if $(GPU),$(INSTALLED_GPU)) ## Make the environment in .venv (GPU=1: with CUDA libraries)

.PHONY: demo
demo: setup ## Run the whole pipeline on bundled digits in demo/ (minutes; the second time seconds)
	@"$(PY)" -m tools.demo

.PHONY: test
test: setup $(INSTALLED_DEV) ## Run the tests but those of the whole (TESTS=path or options for pytest)
	@"$(PY)" -m pytest $(or $(TESTS),$(addprefix --ignore=,$(WHOLE)))

# Whole runs of DVC and whole pages in a browser: half of what all tests take together.
WHOLE = tests/end_to_end tests/browser

.PHONY: test-whole
test-whole: setup $(INSTALLED_DEV) ## Run the tests of whole runs of DVC, and of pages in a browser (minutes)
	@"$(PY)" -m pytest $(or $(TESTS),$(WHOLE))

.PHONY: thorough
thorough: setup $(INSTALLED_DEV) $(INSTALLED_EXPORT) $(INSTALLED_CLUSTER) ## Run the tests that take minutes each
	@"$(PY)" -m pytest -m thorough $(TESTS)

.PHONY: test-cluster
test-cluster: setup $(INSTALLED_DEV) $(INSTALLED_CLUSTER) ## Run the tests on a Ray cluster of this machine (minutes)
	@"$(PY)" -m pytest -m "cluster and not thorough" -n 0 $(TESTS)

.PHONY: lint
lint: $(INSTALLED_DEV) ## Check style, formatting and which layer imports which
	@"$(PY)" -m ruff check .
	@"$(PY)" -m ruff format --check .
	@"$(PY)" -c "from importlinter.cli import lint_imports_command as lint; lint()" --no-logo

.PHONY: types
types: $(INSTALLED_DEV) $(INSTALLED_DOCS) $(INSTALLED_CLUSTER) ## Check the types
	@"$(PY)" -m basedpyright

.PHONY: docs
docs: setup $(INSTALLED_DOCS) ## Write the documentation to site/index.html; a broken link fails
	@NO_MKDOCS_2_WARNING=1 "$(PY)" -m mkdocs build --clean $(DOCS)

.PHONY: pictures
pictures: setup $(INSTALLED_DEV) ## Take the documentation's pictures of the demo's report (needs Chromium)
	@"$(PY)" -m tools.pictures $(if $(SITE),--site "$(SITE)")

.PHONY: audit
audit: setup ## Check the pinned requirements for known vulnerabilities (pip-audit)
	@sh tools/audit.sh

.PHONY: bench
bench: setup $(INSTALLED_DEV) ## Measure speed and memory against other libraries (QUICK=1: in ten minutes; ONLY="training memory"; SHOW=1: print only)
	@"$(PY)" -m bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(SHOW),--show) $(BENCH)

.PHONY: coverage
coverage: setup $(INSTALLED_DEV) ## Run the tests and measure their coverage (at least 90 %)
	@"$(PY)" -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=90 $(TESTS)

.PHONY: mutants
mutants: setup $(INSTALLED_DEV) ## Mutation testing of attribution and trust (at least 85 % killed)
	@"$(PY)" -m tests.mutation.mutants $(MUTANTS)

.PHONY: repro
repro: setup $(if $(CLUSTER),$(INSTALLED_CLUSTER)) ## Run the study (BUDGET=cpu|paper|best; TARGET=stage@run: a part; JOBS=n cells at once; CLUSTER=auto: on Ray; DRY=1: list only)
	@"$(PY)" -m tools.repro $(if $(DRY),--dry) $(if $(BUDGET),--budget "$(BUDGET)") $(if $(JOBS),--jobs "$(JOBS)") $(if $(CLUSTER),--cluster "$(CLUSTER)") $(TARGET)

.PHONY: sweep
sweep: setup $(if $(CLUSTER),$(INSTALLED_CLUSTER)) ## Compare strides and kernel sizes of baseline_cnn as six DVC experiments (CLUSTER=auto: at once, on Ray)
	@"$(PY)" -m tools.sweep $(if $(CLUSTER),--cluster "$(CLUSTER)") $(SWEEP)

.PHONY: tune
tune: setup ## Search for better parameters of a cell (CELL=simple_cnn-mnist TUNE="--trials 10"; TUNE=--apply: take them over)
	@"$(PY)" -m tools.tune $(CELL) $(TUNE)

.PHONY: experiments
experiments: setup ## Write experiments/index.html, which compares all DVC experiments
	@"$(PY)" -m tools.experiments

.PHONY: compare
compare: setup ## Write comparison/index.html on two studies (A=, B= folders, experiments or git revisions)
	@"$(PY)" -m tools.compare $(if $(A),"$(A)") $(if $(B),"$(B)") $(COMPARE)

.PHONY: app
app: setup ## Explain pictures of your own on a page in the browser (STUDY=demo: of the demo; APP="--port 0")
	@"$(PY)" -m heatproof.cli app $(if $(STUDY),--study "$(STUDY)") $(APP)

.PHONY: report-single
report-single: setup ## Write the report as one file, report.html (SITE=demo/reports for the demo)
	@"$(PY)" -m tools.single_file $(if $(SITE),--site "$(SITE)") $(if $(TO),--to "$(TO)")

.PHONY: check-results
check-results: setup ## Before a release: do the committed results belong to this code and params.yaml?
	@"$(PY)" -m tools.results --check

.PHONY: verify
verify: setup ## Run a cell again from scratch and compare it with dvc.lock (CELL=simple_cnn-mnist)
	@"$(PY)" -m tools.verify $(CELL) $(VERIFY)

.PHONY: export
export: setup $(INSTALLED_EXPORT) ## Export a trained cell as .keras, ONNX and SavedModel to exports/ (CELL=simple_cnn-mnist EXPORT="--formats keras")
	@"$(PY)" -m tools.export $(CELL) $(EXPORT)

# MLflow fails where it is itself in a folder with a % in its name: there it is taken by a link.
.PHONY: mlflow
mlflow: setup ## Browse the tracked runs in MLflow (PORT=5000, DB=mlflow.db)
	@test -n "$$MLFLOW_TRACKING_URI" || test -f "$(DB)" || { \
		echo "error: $(DB) is not there yet: 'make repro' writes it" \
			"(for the demo's runs: make mlflow DB=demo/mlflow.db)" >&2; exit 2; }
	@case "$$PWD" in *%*) \
		links=$$(mktemp -d); trap 'rm -rf "$$links"' EXIT; trap exit INT TERM HUP; \
		ln -s "$$PWD/$(VENV)/lib/"python3*/site-packages "$$links/site"; \
		export PYTHONPATH="$$links/site";; esac; \
	cd "$$(dirname "$(DB)")" && \
		MLFLOW_BACKEND_STORE_URI="$${MLFLOW_TRACKING_URI:-sqlite:///$$(basename "$(DB)")}" \
		MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true \
		"$$OLDPWD/$(PY)" -m mlflow ui --host 127.0.0.1 --port "$(PORT)" --workers 1

.PHONY: clean
clean: ## Delete caches and, after confirmation, results and the demo (FORCE=1 skips it)
	@sh tools/clean.sh "$(FORCE)" "$(PY)"

# The environment. A stamp newer than its requirements means there is nothing to do.

$(INSTALLED): requirements.txt pyproject.toml
	@sh tools/environment.sh requirements.txt
	@touch "$@"

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	@sh tools/environment.sh requirements-dev.txt
	@touch "$@"

$(INSTALLED_GPU): requirements-gpu.txt $(INSTALLED)
	@sh tools/environment.sh requirements-gpu.txt
	@touch "$@"

$(INSTALLED_EXPORT): requirements-export.txt $(INSTALLED)
	@sh tools/environment.sh requirements-export.txt
	@touch "$@"

$(INSTALLED_CLUSTER): requirements-cluster.txt $(INSTALLED)
	@sh tools/environment.sh requirements-cluster.txt
	@touch "$@"

$(INSTALLED_DOCS): requirements-docs.txt $(INSTALLED)
	@sh tools/environment.sh requirements-docs.txt
	@touch "$@"
