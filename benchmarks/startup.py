"""From the start of the process to the answer of `initialize`, beside a server that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from lsp_client import Client
from measure import Row, compared, milliseconds, p50

OURS = (sys.executable, "-I", "-m", "backend_engineer", "lsp")

BARE = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params):
    return None


server.start_io()
"""


def measure(folder: Path, *, rounds: int) -> list[Row]:
    """Cold starts of both in turns, so that both see the same noise."""
    script = folder / "bare_server.py"
    script.write_text(BARE, encoding="ascii")
    bare = (sys.executable, "-I", str(script))
    workspace = folder / "empty"
    workspace.mkdir()
    for command in (OURS, bare):
        _start(command, workspace)  # compiles what has never been imported
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds):
        ours.append(_start(OURS, workspace))
        theirs.append(_start(bare, workspace))
    ours, theirs = milliseconds(ours), milliseconds(theirs)
    peer = "bare pygls server"
    return [
        compared(
            "start to `initialize` answered, p50", "ms", p50(ours), peer, p50(theirs), times=1.3
        ),
        compared("start to `initialize` answered, min", "ms", min(ours), peer, min(theirs)),
    ]


def _start(command: tuple[str, ...], workspace: Path) -> float:
    with Client(command, workspace) as client:
        return client.initialize().arrived - client.started
