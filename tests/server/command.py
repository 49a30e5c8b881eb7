"""Runs the command line in a folder, the way a shell would."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backend_engineer import cli

USELESS = "x = 1  # backend: ignore[sql-injection] long gone\n"
"""A line with one finding, of `useless-suppression`, and a fix that holds."""
MENDED = "x = 1\n"


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def places(self) -> list[str]:
        """Where the findings of a JSON report are: `path:line`, one-based."""
        return [f"{f['path']}:{f['range']['start']['line'] + 1}" for f in self.document["findings"]]


class Shell:
    """A folder, and the program in it; nothing is kept outside of the test's own folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        return target

    def read(self, path: str) -> str:
        return (self.folder / path).read_bytes().decode()

    def run(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        code = cli.run(arguments)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def check(self, *arguments: str) -> Ran:
        return self.run("check", "--format", "json", *arguments)

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ("git", *who, *arguments)
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
