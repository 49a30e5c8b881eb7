# `make demo` and `make test` set up what they need in .venv, with uv where it is installed, else pip.

PYTHON ?= python3
PY = .venv/bin/python
PRODUCT = .venv/.product
READY = .venv/.ready

.PHONY: demo test update bench clean

demo: $(PRODUCT)
	@$(PY) -I -m backend_engineer check examples/storefront --statistics; status=$$?; \
	 if [ $$status -gt 1 ]; then exit $$status; fi

test: $(READY)
	$(PY) -m pytest -q -n 2 -m "not e2e"

update: $(READY)
	$(PY) -m pytest -q -m "not e2e" --update tests/test_rules.py tests/test_generated.py tests/server/test_settings.py

bench: $(READY)
	$(PY) benchmarks/run.py

clean:
	rm -rf .venv

$(PRODUCT): pyproject.toml uv.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv sync --quiet --frozen --inexact --no-dev --python "$${UV_PYTHON:-$(PYTHON)}"; \
	else \
	  { test -x $(PY) || $(PYTHON) -m venv .venv; } && \
	  $(PY) -m pip install --quiet --editable .; \
	fi
	@touch $@

$(READY): $(PRODUCT)
	@if command -v uv >/dev/null 2>&1; then \
	  uv sync --quiet --frozen --all-groups --python "$${UV_PYTHON:-$(PYTHON)}"; \
	else \
	  $(PY) -m pip install --quiet --upgrade pip && \
	  $(PY) -m pip install --quiet --group dev --group e2e --group benchmarks; \
	fi
	@touch $@
