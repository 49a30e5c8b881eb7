"""A folder to run the command line in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.command import Shell


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    folder = tmp_path / "a shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return Shell(folder, capsys)
