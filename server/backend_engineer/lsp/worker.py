"""The thread that takes in changes and reviews what they touch.

It owns the projects.  Changes queue up while it works and are taken in together, so that only the
newest version of a document is looked at.  An edited document is reviewed at once by itself; the
rules that compare files run when the typing pauses, and then for every open document.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import msgspec

from backend_analyzers.analyze import compared_findings
from backend_analyzers.fact import offsets
from backend_analyzers.rule import Finding
from backend_analyzers.source import Edit, Place, Span
from backend_analyzers.workspace import Workspace
from backend_engineer.discovery import is_minified
from backend_engineer.lsp import to_lsp
from backend_engineer.lsp.client import Client
from backend_engineer.lsp.exchange import Call, Change, Closed, Edited, Inbox, Opened, Reviewed
from backend_engineer.lsp.positions import forward
from backend_engineer.lsp.projects import Project, Shown

log = logging.getLogger("backend_engineer.lsp")


_IDLE_SECONDS = 1.0


class _Document:
    """A document in the version that the session holds.

    `compared` is what the rules that compare files found in it when they last ran, each with where
    it was then, and `since` are the edits made after that.
    """

    __slots__ = (
        "compared",
        "language",
        "path",
        "project",
        "result",
        "since",
        "text",
        "uri",
        "version",
    )

    def __init__(self, opened: Opened) -> None:
        self.uri = opened.uri
        self.version = opened.version
        self.text = opened.text
        self.language = opened.language
        self.project: Project | None = None
        self.path = ""
        self.result: tuple[int, str] | None = None
        self.compared: tuple[tuple[Finding, Span], ...] | None = None
        self.since: list[Edit] = []

    def review(self, project: Project, workspace: Workspace) -> Shown:
        """Run all rules."""
        found = workspace.fact(compared_findings).get(self.path, ())
        self.compared = tuple((finding, workspace.span(finding.at)) for finding in found)
        self.since = []
        return project.review(workspace, self.path)

    def review_alone(self, project: Project, workspace: Workspace) -> Shown:
        """Run the rules that need no other file.  What the others found stays where it moved to."""
        units = offsets(workspace.files[self.path].file())
        known = []
        for finding, span in self.compared or ():
            if not finding.at.unit or finding.at.unit in units:
                known.append(finding)
            else:
                # The unit goes by its text, which has changed: its fix can wait for the next review.
                start, end = forward(span.start, self.since), forward(span.end, self.since)
                if start < end:
                    moved = Place(self.path, "", start, end)
                    known.append(msgspec.structs.replace(finding, at=moved, fixes=()))
        return project.review_alone(workspace, self.path, known)


class Worker:
    """Takes changes from `inbox` and hands each review to `deliver`; `run` never returns.

    `place` finds the project of a document, and `settled` is called when all open documents have
    been reviewed with the rules that compare files, with the snapshots that they were reviewed in.
    """

    def __init__(
        self,
        inbox: Inbox,
        client: Client,
        place: Callable[[str], Project],
        deliver: Callable[[Reviewed], None],
        settled: Callable[[list[tuple[Project, Workspace]]], None],
    ) -> None:
        self._inbox = inbox
        self._client = client
        self._place = place
        self._deliver = deliver
        self._settled = settled
        self._documents: dict[str, _Document] = {}
        self._touched: dict[str, None] = {}
        """The documents that were edited since they were reviewed."""
        self._due: float | None = None
        """When the rules that compare files are to run."""
        self._idle: float | None = None
        """When there is time to look for rules that failed."""

    def run(self) -> None:
        while True:
            for change in self._inbox.take(0 if self._touched else self._due or self._idle):
                try:
                    self._apply(change)
                except Exception:
                    log.exception("a change could not be taken in")
            if self._due is not None and time.monotonic() >= self._due:
                self._review_all()
            elif self._touched:
                self._review(next(reversed(self._touched)), again=False)
            elif self._idle is not None and time.monotonic() >= self._idle:
                self._idle = None
                self._log_faults()

    def review_again(self) -> None:
        """Review every open document with all rules, soon.  From this thread only."""
        self._due = time.monotonic()

    def reopen(self) -> None:
        """The projects are others now: find each document's project again.  From this thread only."""
        for document in self._documents.values():
            self._open(document)
        self.review_again()

    def _apply(self, change: Change) -> None:
        match change:
            case Opened():
                document = _Document(change)
                self._documents[change.uri] = document
                self._touched[change.uri] = None
                self.review_again()
                self._open(document)
            case Edited():
                self._touched.pop(change.uri, None)
                self._touched[change.uri] = None
                self._edit(self._documents[change.uri], change)
            case Closed():
                closed = self._documents.pop(change.uri, None)
                self._touched.pop(change.uri, None)
                if closed is not None and closed.project is not None:
                    closed.project.uris.pop(closed.path, None)
                    closed.project.session.close(closed.path)
                self.review_again()
            case Call():
                change.run()

    def _open(self, document: _Document) -> None:
        project = self._place(document.uri)
        content = document.text.content
        document.project = project
        document.path = project.path_of(document.uri)
        language = document.language
        if len(content) > project.largest(language):
            return
        if language is not None and is_minified(content, language):
            return
        project.uris[document.path] = document.uri
        project.session.open(document.path, content.decode(errors="replace"), language)

    def _edit(self, document: _Document, change: Edited) -> None:
        document.version = change.version
        document.text = change.text
        project = document.project
        if project is None or not project.session.is_open(document.path):
            return
        project.session.edit(document.path, change.edits)
        document.since += change.edits
        # The first answer is whole, and every answer to a client that cannot be told to ask again.
        pause = project.configuration.settings.lsp.debounce / 1000
        if document.compared is None or (self._client.pulls and not self._client.refreshes):
            pause = 0
        self._due = time.monotonic() + pause

    def _review_all(self) -> None:
        """Stops when something newer arrives, except that one document is always reviewed."""
        self._due = None
        seen: dict[int, tuple[Project, Workspace]] = {}
        for uri in (
            *reversed(self._touched),
            *(u for u in self._documents if u not in self._touched),
        ):
            document = self._documents[uri]
            if document.project is not None:
                project = document.project
                seen[id(project)] = (project, project.session.workspace)
            self._review(uri, again=True)
            if self._inbox:
                return self.review_again()
        self._idle = time.monotonic() + _IDLE_SECONDS
        return self._settled([one for one in seen.values() if one[0].session.is_indexed])

    def _log_faults(self) -> None:
        for project in {id(d.project): d.project for d in self._documents.values()}.values():
            if project is not None:
                project.log_faults()

    def _review(self, uri: str, *, again: bool) -> None:
        self._touched.pop(uri, None)
        document = self._documents[uri]
        project = document.project
        if project is None:
            return
        workspace = project.session.workspace
        shown: Shown = ()
        try:
            if project.session.is_open(document.path):
                look = document.review if again else document.review_alone
                shown = look(project, workspace)
            places = to_lsp.Places(project, workspace, self._client)
            items = to_lsp.encode(to_lsp.diagnostics(places, document.text, shown))
        except Exception:
            log.exception("%s could not be reviewed", document.path)
            items = b"[]"
        result = (document.version, to_lsp.result_id((items,)))
        if result == document.result and not again:
            return
        document.result = result
        self._deliver(
            Reviewed(
                uri=uri,
                version=document.version,
                text=document.text,
                project=project,
                workspace=workspace,
                path=document.path,
                shown=shown,
                items=items,
                result_id=result[1],
                whole=again,
            )
        )
