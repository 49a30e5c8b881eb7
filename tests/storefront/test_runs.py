"""Planted defects are mistakes of a running shop, never broken syntax."""

from pathlib import Path

import pytest

from backend_analyzers.source import File, Language
from tests.storefront import SHOP, planted, sources


@pytest.mark.parametrize("path", sources(".py"), ids=lambda path: path.relative_to(SHOP).as_posix())
def test_python_compiles(path: Path) -> None:
    compile(path.read_bytes(), path, "exec")


@pytest.mark.parametrize("path", sources(".js"), ids=lambda path: path.relative_to(SHOP).as_posix())
def test_javascript_parses(path: Path) -> None:
    """By the official grammar: Node is no requirement of this project."""
    file = File(path.name, Language.JAVASCRIPT, path.read_bytes())

    assert not file.tree.root_node.has_error


def test_eighteen_rules_are_planted_once_each() -> None:
    assert len({rule for _, _, rule in planted()}) == len(planted()) == 18


def test_both_services_hold_defects() -> None:
    services = [path.partition("/")[0] for path, _, _ in planted()]
    assert services.count("orders") == services.count("catalogue") == 9


def test_a_mark_stands_above_code() -> None:
    for path, line, rule in planted():
        lines = (SHOP / path).read_text("utf-8").splitlines()
        assert lines[line].strip(), (path, line, rule)
