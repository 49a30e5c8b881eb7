"""The editor and the command line report the same about the same files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from backend_analyzers.source import Language
from tests.lsp.client import SECONDS, Client
from tests.storefront import SHOP

Found = tuple[str, str, tuple[int, int, int, int], str, int]

SEVERITIES = {"error": 1, "warning": 2, "hint": 4}
LANGUAGES = {"py": "python", "js": "javascript", "sql": "sql", "yaml": "yaml", "yml": "yaml"}


def _range(value: dict[str, Any]) -> tuple[int, int, int, int]:
    start, end = value["start"], value["end"]
    return (start["line"], start["character"], end["line"], end["character"])


def _on_the_command_line(shop: Path) -> list[Found]:
    result = subprocess.run(
        [sys.executable, "-I", "-m", "backend_engineer", "check", "--format", "json", str(shop)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    return sorted(
        (f["path"], f["rule"], _range(f["range"]), f["message"], SEVERITIES[f["severity"]])
        for f in json.loads(result.stdout)["findings"]
    )


def _files(shop: Path) -> list[Path]:
    return sorted(p for p in shop.rglob("*") if p.is_file() and Language.of(p.name))


def _in_the_editor(shop: Path, client: Client) -> list[Found]:
    found: list[Found] = []
    for path in _files(shop):
        name = path.relative_to(shop).as_posix()
        found += [
            (
                name,
                item["code"],
                _range(item["range"]),
                item["message"].partition("\n")[0],
                item["severity"],
            )
            for item in client.pull(path.as_uri())["items"]
        ]
    return sorted(found)


@pytest.mark.parametrize("is_odd", [False, True], ids=["as it is", "with CRLF and emoji"])
def test_both_say_the_same(tmp_path: Path, is_odd: bool) -> None:
    shop = tmp_path / "the shop"
    shutil.copytree(SHOP, shop, ignore=shutil.ignore_patterns("node_modules"))
    if is_odd:
        for path in shop.rglob("*.sql"):
            path.write_bytes(b"-- \xf0\x9f\x98\x8b\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    on_the_command_line = _on_the_command_line(shop)
    client = Client()
    try:
        client.initialize(shop)
        client.indexed()
        for path in _files(shop):
            client.open(path.as_uri(), path.read_text(), LANGUAGES[path.suffix[1:]])
        # What the planner knows comes a little later, and nobody waits for it.
        in_editor = _in_the_editor(shop, client)
        until = time.monotonic() + SECONDS
        while in_editor != on_the_command_line and time.monotonic() < until:
            time.sleep(0.3)
            in_editor = _in_the_editor(shop, client)
        client.stop()
    finally:
        client.kill()

    assert in_editor == on_the_command_line
    assert len(in_editor) >= 10
