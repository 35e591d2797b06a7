# The README's two commands are `make run` and `make test`; everything else stands beside them.
# They make a virtual environment in .venv, install what setup.cfg names, and do so again only when it changes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
PORT ?= 8600
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# What the office pages' script and style are built from, whenever the product is installed; SKIP_WEB=1 does without.
WEB := $(wildcard server/office/web/* server/office/web/.npmrc server/office/web/src/*)
# As many workers as there are cores; each takes over what another has not begun. ARGS="-n 0" for one, with --pdb.
PYTEST := $(BIN)/pytest -n auto --dist worksteal
# Slow tests wait for processes that they start half of the time: two workers for each core.
PYTEST_SLOW := $(BIN)/pytest -n $(shell echo $$((2 * $$(nproc)))) --dist worksteal
# What asks every store of what it keeps; the rest of the suite runs on PostgreSQL, too: ON_POSTGRES=tests.
ON_POSTGRES ?= tests/openrosa tests/api tests/stories tests/replication tests/records tests/settlement tests/closing \
  tests/phones tests/photos tests/people tests/staffing tests/changes tests/submissions tests/audit tests/admin tests/webhooks
# What phones and laptops ask, of two processes on one county.
BEHIND_A_BALANCER ?= tests/openrosa tests/sync/test_with_the_real_server.py tests/replication
NEWEST_POSTGRES := 18
# Some environments forbid it, and then every worker, and every server that a test starts, compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet
# Fits are 3.11 to 3.13. PYTHON=… before the command picks one; else the system's own, since distributions build theirs
# with every optimisation (one built without is a sixth slower: make bench); else the newest that can make environments.
PYTHONS := $(PYTHON) /usr/bin/python3 python3.13 python3.12 python3.11 python3

.PHONY: help run test test-all test-slow test-postgres test-postgres-newest test-browser lint lock sbom audit bench pictures clean

help: ## show these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1: /p' $(firstword $(MAKEFILE_LIST)) | sed 's/: /\t/' | expand -t 18

run: $(STAMPS)/run ## serve a demonstration at http://127.0.0.1:8600 (PORT=… for another port)
	@echo "==> firegrid demo --port $(PORT)"
	@exec $(BIN)/firegrid demo --port $(PORT)

test: $(STAMPS)/test ## run the tests (a few minutes; FIREGRID_TEST_PROFILE=ci for as many examples of each law as in CI, 30 for 30 times as many)
	@echo "==> pytest"
	@exec $(PYTEST) -m "not slow and not browser" $(ARGS)

test-all: test test-slow test-postgres test-browser ## run every test

test-slow: $(STAMPS)/test ## run the slow tests: real servers, Java form engine, packaging
	@echo "==> pytest, the slow tests"
	@exec $(PYTEST_SLOW) -m slow $(ARGS)

test-postgres: $(STAMPS)/test ## run doors, stories and stores on PostgreSQL (skipped aloud where there is none; make test-slow has its own tests)
	@echo "==> pytest, on PostgreSQL"
	@$(PYTEST) --engine postgres -m "not slow and not browser and not sqlite" $(ON_POSTGRES) $(ARGS)
	@echo "==> pytest, on PostgreSQL with two processes behind a balancer: $(or $(BEHIND_A_BALANCER),nothing was named)"
	@$(if $(BEHIND_A_BALANCER),$(PYTEST) --engine postgres --servers 2 -m "not slow and not browser and not sqlite" $(BEHIND_A_BALANCER) $(ARGS))

# What is killed and stopped is Debian's PostgreSQL whatever the version, so not a second time here.
test-postgres-newest: $(STAMPS)/test-postgres ## the same on the newest PostgreSQL, from the extra test-postgres, and what the engine itself promises
	@echo "==> pytest, on PostgreSQL $(NEWEST_POSTGRES)"
	@FIREGRID_TEST_POSTGRES_VERSION=$(NEWEST_POSTGRES) $(PYTEST) -m postgres tests/db --ignore=tests/db/test_kills_under_load.py \
	  --ignore=tests/db/test_outages_of_postgres.py $(ARGS)
	@FIREGRID_TEST_POSTGRES_VERSION=$(NEWEST_POSTGRES) $(MAKE) test-postgres

test-browser: $(STAMPS)/test ## play the office pages in Chromium (skipped aloud where there is none)
	@echo "==> pytest, in a browser"
	@exec $(PYTEST) -m browser tests/office $(ARGS)

lint: $(STAMPS)/lint ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(STAMPS)/lint ## refresh requirements.lock: the exact packages, with hashes, that a server installs
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-config setup.cfg --output-file requirements.lock

sbom: $(STAMPS)/release ## list the components of this release (CycloneDX, from requirements.lock and package-lock.json) in dist/
	@mkdir -p dist
	@version=$$(sed -n 's/^version = //p' setup.cfg) ; \
	commit=$$(git describe --always --tags --abbrev=12 --dirty=-modified 2>/dev/null || cat sync/commit.txt 2>/dev/null || true) ; \
	$(BIN)/cyclonedx-py requirements --output-reproducible --validate --spec-version 1.6 --of JSON \
	  --pyproject <(printf '[project]\nname = "firegrid"\nversion = "%s"\ndescription = "commit %s"\n' "$$version" "$$commit") \
	  --output-file "dist/firegrid-$$version.cdx.json" requirements.lock ; \
	$(BIN)/python server/office/web/office_components.py "dist/firegrid-$$version.cdx.json" ; \
	echo "==> dist/firegrid-$$version.cdx.json"

# Without a way out, or where the service knows only some packages, nothing was audited: that is no success.
audit: $(STAMPS)/release ## ask pypi.org for known vulnerabilities of what requirements.lock names
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock || { \
	  echo "make audit: 发现已知漏洞，或查不了：以上是 pip-audit 的原话。" >&2 ; \
	  echo "有漏洞的，改 setup.cfg 的版本范围，再 make lock、make test。" >&2 ; \
	  echo "查不了的（没有网络，或镜像不带漏洞库）不算通过：请在能访问 https://pypi.org 的机器上再运行 make audit。" >&2 ; \
	  exit 1 ; }

bench: $(STAMPS)/run ## measure speed and memory beside this machine's own limits
	@exec $(BIN)/python -m bench $(ARGS)

pictures: $(STAMPS)/test ## take the pictures of README and guides again, in Chromium, from a demonstration of its own
	@exec $(BIN)/python -m tests.pictures

clean: ## remove the virtual environment, caches and the demonstration's data
	rm -rf $(VENV) build dist server/office/static .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage firegrid-demo firegrid-training
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf ./*.egg-info

$(STAMPS)/run: setup.cfg pyproject.toml $(WEB) | $(BIN)/python
	@echo "==> installing Firegrid into $(VENV)"
	@$(INSTALL) --editable .
	@mkdir -p $(STAMPS) && touch $@

# pytest and the linters come on top of the product, so their stamps stand for it too.
$(STAMPS)/test: setup.cfg pyproject.toml $(WEB) | $(BIN)/python
	@echo "==> installing Firegrid and its test tools into $(VENV)"
	@$(INSTALL) --editable '.[test,lint]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run $(STAMPS)/lint

$(STAMPS)/lint: setup.cfg pyproject.toml $(WEB) | $(BIN)/python
	@echo "==> installing Firegrid and its linters into $(VENV)"
	@$(INSTALL) --editable '.[lint]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run

$(STAMPS)/release: setup.cfg pyproject.toml | $(BIN)/python
	@echo "==> installing into $(VENV) what lists and audits the components"
	@$(INSTALL) --editable '.[release]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run

$(STAMPS)/test-postgres: $(STAMPS)/test
	@echo "==> installing PostgreSQL $(NEWEST_POSTGRES) into $(VENV)"
	@$(INSTALL) --editable '.[test-postgres]'
	@touch $@

# An environment that is half made, or whose Python has gone, is made anew.
$(BIN)/python:
	@found= bare= ; \
	for each in $(PYTHONS); do \
	  "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
	  if "$$each" -c 'import ensurepip, venv' 2>/dev/null; then found=$$each; break; fi; \
	  bare=$${bare:-$$each}; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
	  echo "$$bare cannot make virtual environments. Install what is missing, then run make again:" >&2; \
	  echo "  sudo apt-get install python3-venv" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
	  echo "Firegrid needs Python 3.11, 3.12 or 3.13, and none of them is here. On Debian 12 or newer:" >&2; \
	  echo "  sudo apt-get install python3 python3-venv" >&2; exit 1; \
	fi; \
	echo "==> making $(VENV) with $$("$$found" --version)"; \
	rm -rf $(VENV); \
	"$$found" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
