"""Planted defects are mistakes of a running shop, never broken syntax."""

import itertools
import re
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


def test_both_services_hold_defects() -> None:
    services = {path.partition("/")[0] for path, _, _ in planted()}

    assert services >= {"orders", "catalogue"}


def test_the_readme_counts_the_defects() -> None:
    said = (SHOP / "README.md").read_text("utf-8")

    assert f"{len(planted())} of them, one for each rule" in said


def test_migrations_follow_each_other() -> None:
    """Alembic is no requirement of this project; its history is a chain of names."""
    revisions = []
    for path in sorted((SHOP / "orders" / "migrations" / "versions").glob("*.py")):
        found = dict(
            re.findall(
                r'^(revision|down_revision) = (?:"(\w+)"|None)$', path.read_text(), re.MULTILINE
            )
        )
        revisions.append((found["down_revision"], found["revision"]))

    assert revisions[0][0] == ""
    assert all(now[0] == before[1] for before, now in itertools.pairwise(revisions))


def test_a_mark_stands_above_code() -> None:
    for path, line, rule in planted():
        lines = (SHOP / path).read_text("utf-8").splitlines()
        assert lines[line].strip(), (path, line, rule)
