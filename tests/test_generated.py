"""Generated files are up to date.  `pytest --update` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_analyzers import docs
from backend_analyzers.catalog import RULES

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(("path", "expected"), [("analyzers/RULES.md", docs.index(RULES.values()))])
def test_is_up_to_date(path: str, expected: str, update: bool) -> None:
    file = ROOT / path
    if update:
        file.write_text(expected)

    assert file.read_text() == expected
