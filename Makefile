# Forwards to make.py, which also works where there is no make. ARGS go to pytest: make test ARGS="-- -k store"
PYTHON ?= python3

.PHONY: brief test check clean
brief test check clean:
	@$(PYTHON) make.py $@ $(ARGS)
