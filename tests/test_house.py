"""The code keeps the rules of the house: one `pytest` checks all there is to check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    ["ruff format --check", "ruff check", "mypy", "lint-imports"],
)
def test_is_tidy(command: str) -> None:
    tool, *arguments = command.split()
    result = subprocess.run(
        [BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_paths_in_the_architecture_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml))`", text))

    assert named, "the code map names paths"
    assert not [path for path in sorted(named) if not (ROOT / path).exists()]


@pytest.mark.parametrize("heavy", ["rich", "cyclopts", "sqlglot", "anthropic", "lsprotocol"])
def test_the_analyzers_start_light(heavy: str) -> None:
    code = f"import sys, backend_analyzers.analyze; assert {heavy!r} not in sys.modules"

    subprocess.run([sys.executable, "-I", "-c", code], check=True)
