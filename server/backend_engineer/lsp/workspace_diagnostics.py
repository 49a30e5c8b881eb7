"""Diagnostics of the whole workspace, for people who asked for them in the settings."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from backend_engineer.lsp.protocol import Encoded

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer


async def pull(server: BackendEngineer, params: lsp.WorkspaceDiagnosticParams) -> Encoded:
    """Answer with the files whose findings the client does not have yet.

    When there are none the question stays open until findings change somewhere: asking again and
    again would cost as much and tell as little.
    """
    known = {item.uri: item.value for item in params.previous_result_ids}
    while True:
        changed = server.next_change()
        if server.roots and not server.projects:
            await changed.wait()
            continue
        versions = {uri: document.version for uri, document in server.documents.items()}
        answer = await server.answer(
            partial(_answer, server.projects, server.client, versions, known)
        )
        if answer.json != b"null":
            return answer
        await changed.wait()


def _answer(*taken: Any) -> Any:
    return importlib.import_module("backend_engineer.lsp.workspace_report").answer(*taken)
