"""Planted defects are mistakes of a running shop, never broken syntax."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.storefront import SHOP, planted, sources


@pytest.mark.parametrize("path", sources(".py"), ids=lambda path: path.relative_to(SHOP).as_posix())
def test_python_compiles(path: Path) -> None:
    compile(path.read_bytes(), path, "exec")


def test_javascript_parses() -> None:
    """Node is no requirement of this project: without it there is nothing to ask."""
    node = shutil.which("node")
    for path in sources(".js") if node else []:
        check = subprocess.run(
            [str(node), "--check", path], capture_output=True, text=True, timeout=60, check=False
        )
        assert check.returncode == 0, check.stderr


def test_eighteen_rules_are_planted_once_each() -> None:
    assert len({rule for _, _, rule in planted()}) == len(planted()) == 18


def test_both_services_hold_defects() -> None:
    services = [path.partition("/")[0] for path, _, _ in planted()]
    assert services.count("orders") == services.count("catalogue") == 9


def test_a_mark_stands_above_code() -> None:
    for path, line, rule in planted():
        lines = (SHOP / path).read_text("utf-8").splitlines()
        assert lines[line].strip(), (path, line, rule)
