.DEFAULT_GOAL := help
.PHONY: help test lint fix migrate run docs texts pictures

PYTHON := .venv/bin/python
TEST_TOOLS := .venv/.installed-requirements-test

help: ## show what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

test: ## run all tests; make test ARGS="tests/unit -x" passes something on
	./4cat test $(ARGS)

lint: $(TEST_TOOLS) ## check style, format, types and layers
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

fix: $(TEST_TOOLS) ## mend what can be mended by itself
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

migrate: ## bring the database up to date
	./4cat migrate

run: ## run the tool until Ctrl-C
	./4cat up

docs: $(TEST_TOOLS) ## write docs/settings.md and sql/schema.sql anew
	$(PYTHON) -c 'from app.settings import describe_settings; print(describe_settings(), end="")' >docs/settings.md
	$(PYTHON) -m app.local.schema >sql/schema.sql

texts: $(TEST_TOOLS) ## collect what pages say for translators, in app/translations/messages.pot
	$(PYTHON) -m app.local.catalogue >app/translations/messages.pot.new
	mv app/translations/messages.pot.new app/translations/messages.pot

pictures: $(TEST_TOOLS) ## take pictures of every page for docs/pages.md; needs Chromium
	$(PYTHON) -m extras.screenshots

$(TEST_TOOLS): requirements-test.lock
	./4cat test --version
