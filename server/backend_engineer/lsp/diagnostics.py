"""Diagnostics: pulled by clients that can, published to the others."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from backend_engineer.lsp.exchange import Reviewed
from backend_engineer.lsp.protocol import SERVER_CANCELLED, Encoded, Refusal

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer

_NOTHING = Encoded(b'{"kind":"full","items":[]}')


async def pull(server: BackendEngineer, params: lsp.DocumentDiagnosticParams) -> Encoded:
    """Answer with the findings in the newest text.

    A question that newer text has overtaken is refused, with the advice to ask again: an empty or
    an old list would make the findings flicker.
    """
    uri = params.text_document.uri
    if uri not in server.documents:
        return _NOTHING
    reviewed = await server.review_of(uri, superseded)
    server.pulled[uri] = (reviewed.version, reviewed.result_id)
    return report(reviewed, params.previous_result_id)


def superseded() -> Refusal:
    return Refusal(SERVER_CANCELLED, "the text has changed", {"retriggerRequest": True})


def report(reviewed: Reviewed, previous: str | None) -> Encoded:
    ident = reviewed.result_id.encode()
    if reviewed.result_id == previous:
        return Encoded(b'{"kind":"unchanged","resultId":"%b"}' % ident)
    return Encoded(b'{"kind":"full","resultId":"%b","items":%b}' % (ident, reviewed.items))


def publish(server: BackendEngineer, reviewed: Reviewed) -> None:
    """Send the findings of one version, which the client checks against its own."""
    server.protocol.notify(
        lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
        Encoded(
            b'{"uri":%b,"version":%d,"diagnostics":%b}'
            % (json.dumps(reviewed.uri).encode(), reviewed.version, reviewed.items)
        ),
    )


def withdraw(server: BackendEngineer, uri: str) -> None:
    """Clear what was published for a document that is closed."""
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def delivered(server: BackendEngineer, reviewed: Reviewed) -> None:
    """A review is here: publish it, or have the client ask again when its answer is out of date."""
    if not server.client.pulls:
        publish(server, reviewed)
        return
    pulled = server.pulled.get(reviewed.uri)
    if pulled is not None and pulled != (reviewed.version, reviewed.result_id):
        server.refresh_wanted = server.refresh_wanted or pulled[0] == reviewed.version


def settled(server: BackendEngineer) -> None:
    """All open documents are reviewed: one request to refresh serves all of them."""
    if server.refresh_wanted and server.client.refreshes:
        server.refresh_wanted = False
        server.later(_refresh(server))
    server.workspace_changed()


async def _refresh(server: BackendEngineer) -> None:
    await asyncio.wait_for(server.protocol.ask(lsp.WORKSPACE_DIAGNOSTIC_REFRESH, None), 30)
