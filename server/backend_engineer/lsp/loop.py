"""The protocol loop and its books.

The loop never computes.  It applies edits to bytes, hands changes to the worker's thread, and sends
requests, each with the newest review, to a small pool.  The analyzers are loaded after `initialize`
is answered, on the worker's thread.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types as lsp

from backend_engineer.lsp import client, configuration, diagnostics, progress
from backend_engineer.lsp.documents import Document
from backend_engineer.lsp.exchange import Call, Inbox, Reviewed
from backend_engineer.lsp.protocol import INTERNAL_ERROR, Encoded, Refusal, Server

if TYPE_CHECKING:
    from backend_analyzers.workspace import Workspace
    from backend_engineer.lsp.folders import Folders
    from backend_engineer.lsp.projects import Project

NAME = "backend-engineer"

log = logging.getLogger("backend_engineer.lsp")

_POOL = 2
_CONFIGURATION_SECONDS = 2
"""How long the editor's settings are waited for."""

_FAR_BEHIND = 200
"""Versions for which a document's texts are kept, while somebody types without a pause."""

# What the worker's thread loads once it is idle: the modules that answer requests.
ANSWERS = (
    "hover",
    "definition",
    "symbols",
    "code_actions",
    "completion",
    "plans",
    "rename",
    "workspace_report",
)


class BackendEngineer(Server):
    """A language server and its books.  Everything here belongs to the loop's thread."""

    def __init__(self) -> None:
        super().__init__(NAME, version(NAME))
        self.client = client.Client()
        self.documents: dict[str, Document] = {}
        self.reviews: dict[str, Reviewed] = {}
        """The newest review of each open document, which may be of an older version."""
        self.wholes: dict[str, Reviewed] = {}
        """The newest with all rules: what a hover asks of it has been worked out already."""
        self.pulled: dict[str, tuple[int, str]] = {}
        """The version and result that a client last pulled."""
        self.refresh_wanted = False
        self.bars: dict[str, progress.Bar] = {}
        self.inbox = Inbox()
        self.projects: tuple[Project, ...] = ()
        self.roots: list[Path] = []
        self.sent: dict[str, object] = {}
        """The editor's settings: for each folder, and for all under the empty name."""
        self.pool = ThreadPoolExecutor(_POOL, thread_name_prefix="request")
        self.folders: Folders | None = None
        self._waiting: dict[str, list[tuple[asyncio.Future[Reviewed], Callable[[], Refusal]]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._configured = threading.Event()
        self._change = asyncio.Event()
        self._broken = ""
        """Why nothing can be reviewed any more; empty while all is well."""
        self._reopen: Callable[[], None] = _nothing
        self._review_again: Callable[[], None] = _nothing
        self._lenses_due = False

    # The books ---------------------------------------------------------------------------------

    async def review_of(self, uri: str, superseded: Callable[[], Refusal]) -> Reviewed:
        """The review of the newest version; refused as `superseded` says when there is a newer one."""
        reviewed, document = self.reviews.get(uri), self.documents[uri]
        if reviewed is not None and reviewed.text is document.text:
            return reviewed
        if self._broken:
            raise Refusal(INTERNAL_ERROR, self._broken)
        future: asyncio.Future[Reviewed] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(uri, [])
        waiting.append((future, superseded))
        try:
            return await future
        finally:
            if (future, superseded) in waiting:
                waiting.remove((future, superseded))

    def supersede(self, uri: str) -> None:
        """Refuse those who wait for a version that is no longer the newest."""
        for future, superseded in self._waiting.pop(uri, []):
            if not future.done():
                future.set_exception(superseded())

    def deliver(self, reviewed: Reviewed) -> None:
        """A review is finished.  One that newer text has overtaken only serves hovers and the like."""
        document = self.documents.get(reviewed.uri)
        if document is None or document.since(reviewed.text) is None:
            return
        before = self.reviews.get(reviewed.uri)
        self.reviews[reviewed.uri] = reviewed
        if reviewed.whole:
            self.wholes[reviewed.uri] = reviewed
        elif document.behind > _FAR_BEHIND:
            self.wholes.pop(reviewed.uri, None)
        document.reviewed(self.wholes.get(reviewed.uri, reviewed).text)
        if before is not None and before.text is reviewed.text and before.items == reviewed.items:
            return
        if reviewed.text is document.text:
            for future, _ in self._waiting.pop(reviewed.uri, []):
                if not future.done():
                    future.set_result(reviewed)
            diagnostics.delivered(self, reviewed)

    def forget(self, uri: str) -> None:
        """Let go of all that is known of a document."""
        self.reviews.pop(uri, None)
        self.wholes.pop(uri, None)
        self.pulled.pop(uri, None)

    def workspace_changed(self) -> None:
        """Wake those who wait for findings to change anywhere."""
        self._change.set()
        self._change = asyncio.Event()

    def next_change(self) -> asyncio.Event:
        """Is set when findings may have changed."""
        return self._change

    # Threads and tasks -------------------------------------------------------------------------

    def on_loop(self, call: Callable[[], object]) -> None:
        """Run something on the loop, soon; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def later(self, task: Coroutine[Any, Any, None]) -> None:
        """Run a task on the loop, and keep it alive until it is done."""
        running = asyncio.ensure_future(task)
        self._tasks.add(running)
        running.add_done_callback(self._done)

    async def answer(self, run: Callable[[], Any]) -> Encoded:
        """What `run` returns, computed and encoded in the pool."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, partial(_encoded, run))

    def on_worker(self, run: Callable[[], None]) -> None:
        """Run something on the worker's thread, between two changes."""
        self.inbox.put(Call(run))

    def touched(self, uris: list[str]) -> None:
        """Files changed on disk; on the worker's thread."""
        assert self.folders is not None
        if self.folders.touched(uris):
            self._reopen()
        else:
            self._review_again()

    def configured(self) -> None:
        """The editor's settings are known: the worker may open the folders."""
        self._configured.set()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._work, daemon=True, name="worker").start()

    def _work(self) -> None:
        """Nobody may wait for a worker that is gone: a broken installation is said, not suffered."""
        try:
            self._review_what_comes()
        except Exception as error:
            log.exception("the worker stopped")
            why = f"nothing can be reviewed: {error!r}; run `backend-engineer doctor`"
            self.on_loop(partial(self._give_up, why))

    def _give_up(self, why: str) -> None:
        self._broken = why
        self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, why))
        waiting, self._waiting = self._waiting, {}
        for future, _ in (one for several in waiting.values() for one in several):
            if not future.done():
                future.set_exception(Refusal(INTERNAL_ERROR, why))

    def _review_what_comes(self) -> None:
        """Load the analyzers, open the folders, and review what comes in."""
        folders = importlib.import_module("backend_engineer.lsp.folders")
        consulting = importlib.import_module("backend_engineer.lsp.consulting")
        workers = importlib.import_module("backend_engineer.lsp.worker")
        self._configured.wait(_CONFIGURATION_SECONDS)
        made = folders.Folders(
            bar=partial(progress.Bar, self),
            indexed=lambda: self.on_worker(self._review_again),
            changed=lambda projects: self.on_loop(partial(self._opened, projects)),
            problem=partial(configuration.report_problem, self),
        )
        consulted = consulting.Consulting(lambda: self.on_worker(self._answered))

        def settled(snapshots: list[tuple[Project, Workspace]]) -> None:
            self.on_loop(partial(diagnostics.settled, self))
            self.on_loop(self._refresh_lenses)
            consulted.look(snapshots)

        worker = workers.Worker(
            self.inbox,
            self.client,
            made.place,
            lambda reviewed: self.on_loop(partial(self.deliver, reviewed)),
            settled,
        )
        self.folders = made
        self._reopen, self._review_again = worker.reopen, worker.review_again
        made.open(tuple(self.roots), dict(self.sent))
        for name in ANSWERS:
            self.on_worker(partial(_load, name))
        worker.run()

    def _answered(self) -> None:
        """The planner has answered something; on the worker's thread."""
        self._review_again()
        self._lenses_due = True

    def _refresh_lenses(self) -> None:
        """All open documents were reviewed with what the planner answered: plans are to be shown anew."""
        if self._lenses_due and self.client.refreshes_lenses:
            self._lenses_due = False
            self.later(_asked(self.workspace_code_lens_refresh_async))

    def _opened(self, projects: tuple[Project, ...]) -> None:
        self.projects = projects
        wanted = [project.configuration.settings.lsp.trace for project in projects]
        if self.protocol.trace == lsp.TraceValue.Off:  # the client's own choice goes first
            self.protocol.trace = next(
                (lsp.TraceValue(one) for one in wanted if one != "off"), lsp.TraceValue.Off
            )
        self.workspace_changed()

    def reopen(self) -> None:
        """Open the folders anew, after they or their settings changed; on the worker's thread."""
        assert self.folders is not None
        self.folders.open(tuple(self.roots), dict(self.sent))
        self._reopen()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("the client did not answer as expected: %s", error)


def _nothing() -> None:
    """Until the worker runs there is nothing to review again."""


async def _asked(ask: Callable[[None], Awaitable[None]]) -> None:
    await ask(None)


def _load(name: str) -> None:
    importlib.import_module(f"backend_engineer.lsp.{name}")


def _encoded(run: Callable[[], Any]) -> Encoded:
    return Encoded(msgspec.json.encode(run()))
