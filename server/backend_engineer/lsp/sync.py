"""Documents as the client opens, changes and closes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from backend_engineer.lsp import diagnostics
from backend_engineer.lsp.documents import Document
from backend_engineer.lsp.exchange import Closed, Edited, Opened

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer


def opened(server: BackendEngineer, params: lsp.DidOpenTextDocumentParams) -> None:
    document = Document(params.text_document)
    uri = document.uri
    server.forget(uri)
    server.documents[uri] = document
    server.inbox.put(Opened(uri, document.version, document.language, document.text))


def changed(server: BackendEngineer, params: lsp.DidChangeTextDocumentParams) -> None:
    uri, version = params.text_document.uri, params.text_document.version
    document = server.documents.get(uri)
    if document is None:
        return
    edits = document.change(version, params.content_changes, server.client.encoding)
    server.inbox.put(Edited(uri, version, edits, document.text))
    server.supersede(uri)


def closed(server: BackendEngineer, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    if server.documents.pop(uri, None) is not None:
        server.inbox.put(Closed(uri))
        server.supersede(uri)
        server.forget(uri)
        if not server.client.pulls:
            diagnostics.withdraw(server, uri)
