# Every target does its own set-up: Debian packages (as root), .venv, and both only once.

.NOTPARALLEL:
.PHONY: help demo test check bench faults fuzz lock clean
.DEFAULT_GOAL := help

bootstrap := deploy/bootstrap
bin := .venv/bin

help:
	@echo "make demo            the whole story on real servers, then serves until Ctrl-C"
	@echo "make demo SCRIPT=1   the story only"
	@echo "make test            every test; PYTEST='…' passes arguments"
	@echo "make check           ruff, mypy, import contracts, lint of deploy/"
	@echo "make bench           benchmark; QUICK=1 for a short one"
	@echo "make faults          the fault tests only"
	@echo "make fuzz            every decoder for ten minutes; SECONDS=… TARGET=… for less"
	@echo "make lock            the locks in requirements/ again, from the *.in files"
	@echo "make clean           ends the private servers of this folder, removes what was made"

demo:
	@$(bootstrap)/packages demo
	@$(bootstrap)/environment demo
	@$(bootstrap)/foreground $(bin)/tdh demo $(if $(filter 1,$(SCRIPT)),--script)

test:
	@$(bootstrap)/packages test
	@$(bootstrap)/environment test
	@$(if $(strip $(PYTEST)),$(bin)/pytest $(PYTEST),$(bootstrap)/every_test)

faults:
	@$(bootstrap)/packages test
	@$(bootstrap)/environment test
	@$(bin)/pytest tests/faults $(PYTEST)

fuzz:
	@$(bootstrap)/packages test
	@$(bootstrap)/environment fuzz
	@$(bin)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(TARGET)

check:
	@$(bootstrap)/packages check
	@$(bootstrap)/environment test
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bootstrap)/lint

bench:
	@$(bootstrap)/packages demo
	@$(bootstrap)/environment test
	@$(bin)/python -m tests.benchmarks.bench $(if $(filter 1,$(QUICK)),--quick)

# One resolution for all three, so that the demo runs what the tests have tested.
compile := $(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock:
	@$(bootstrap)/packages check
	@$(bootstrap)/environment test
	$(compile) --upgrade requirements/dev.in -o requirements/dev.txt
	$(compile) --constraints requirements/dev.txt requirements/fuzz.in -o requirements/fuzz.txt
	$(compile) --constraints requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	$(compile) --constraints requirements/dev.txt requirements/build.in -o requirements/build.txt

clean:
	@$(firstword $(wildcard $(bin)/python) python3) -m tdh.local
	@rm -rf .venv .tdh .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@rm -rf bench-results build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
