SHELL := /bin/bash

# Two commands: `make run` starts a box with a demo practice, `make test` runs every test.
# Both install what they miss on Debian 12 (scripts/setup.sh), and say how long each step took.

.PHONY: help run key test check bench bench-ui heavy mutants fresh fmt docs

help:
	@echo "make run    build and start a box with a demo practice (ARGS='--reset' begins anew)"
	@echo "make key    put a software security key into that box's slot, until Enter"
	@echo "make test   every test"
	@echo "make check  format, lints, docs, rules of the house"
	@echo "make bench  speed and memory, release build"
	@echo "make bench-ui  first load and first paint of the portal, in a browser"
	@echo "make heavy  the long proofs: crash, power cut, simulation, fuzz, planted faults"
	@echo "make mutants  changes of the access rules that no test notices (hours)"
	@echo "make fresh  run and test in an empty Debian 12"
	@echo "make fmt    format the sources"
	@echo "make docs   write the pages that are made from the code"

run:
	@scripts/run.sh $(ARGS)

key:
	@scripts/key.sh $(ARGS)

test:
	@scripts/setup.sh tests
	@scripts/test.sh $(ARGS)

check:
	@scripts/setup.sh tests
	@scripts/check.sh

bench:
	@scripts/setup.sh
	@scripts/bench.sh $(ARGS)

bench-ui:
	@scripts/setup.sh tests
	@scripts/bench-ui.sh

heavy:
	@scripts/setup.sh tests
	@scripts/heavy.sh $(ARGS)

mutants:
	@scripts/setup.sh tests
	@scripts/mutants.sh $(ARGS)

fresh:
	@scripts/fresh.sh $(ARGS)

fmt:
	@. scripts/tools.sh && use_cargo && cargo fmt --all

docs:
	@scripts/docs.sh
