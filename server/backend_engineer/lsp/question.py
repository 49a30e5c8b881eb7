"""What a request is answered from: one review, and the way between its text and the client's."""

from __future__ import annotations

from typing import Any

import msgspec
from lsprotocol import types as lsp

from backend_analyzers.source import Edit, File, Place, Span
from backend_analyzers.workspace import Workspace
from backend_engineer.lsp.client import Client
from backend_engineer.lsp.exchange import Reviewed
from backend_engineer.lsp.positions import Text, back, forward
from backend_engineer.lsp.projects import Project, Shown
from backend_engineer.lsp.protocol import REQUEST_CANCELLED, Call, Refusal
from backend_engineer.lsp.to_lsp import Json, Places, range_


class Question(msgspec.Struct, frozen=True):
    """A request about a document.

    It is answered from the newest review, even while newer text waits for its own: `since` leads
    from the reviewed text to the one that the client sees, `now`.
    """

    client: Client
    call: Call
    reviewed: Reviewed
    since: tuple[Edit, ...]
    now: Text
    projects: tuple[Project, ...] = ()

    @property
    def workspace(self) -> Workspace:
        return self.reviewed.workspace

    @property
    def path(self) -> str:
        return self.reviewed.path

    @property
    def shown(self) -> Shown:
        return self.reviewed.shown

    @property
    def places(self) -> Places:
        return Places(self.reviewed.project, self.reviewed.workspace, self.client)

    @property
    def file(self) -> File | None:
        """The document as it was reviewed; None when it is not read."""
        source = self.workspace.files.get(self.path)
        return source.file() if source is not None else None

    def offset(self, position: lsp.Position) -> int:
        """The offset in the reviewed text."""
        seen = self.now.offset(position.line, position.character, self.client.encoding)
        return back(seen, self.since)

    def holds(self, place: Place, offset: int) -> bool:
        """Whether an offset in the reviewed text is in a place, or at its end."""
        span = self.workspace.span(place)
        return span.path == self.path and span.start <= offset <= span.end

    def check(self) -> None:
        """Stop working for a request that was cancelled."""
        if self.call.cancelled:
            raise Refusal(REQUEST_CANCELLED, "cancelled")

    def range(self, start: int, end: int) -> Json:
        """The range, in the client's text, of two offsets in the reviewed one."""
        return range_(
            self.now, forward(start, self.since), forward(end, self.since), self.client.encoding
        )

    def location(self, span: Span) -> Json:
        if span.path == self.path:
            return {"uri": self.reviewed.uri, "range": self.range(span.start, span.end)}
        places = self.places
        return {"uri": places.project.uri(span.path), "range": places.range(span)}


Answer = Any
"""JSON, or None."""
