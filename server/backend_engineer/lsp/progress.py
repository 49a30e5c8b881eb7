"""Progress bars in the client, which the person can stop."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer

_SECONDS = 0.1
"""No more than so many reports: a message for each file would be more work than reading it."""


class Bar:
    """One bar.  Its methods may be called from any thread, and do nothing in a client without bars."""

    def __init__(self, server: BackendEngineer, title: str) -> None:
        self.cancelled = False
        self._server = server
        self._title = title
        self._token = str(uuid.uuid4())
        self._reported = 0.0
        self._is_shown = False
        self._is_over = False
        if server.client.progress:
            server.on_loop(lambda: server.later(self._begin()))

    def report(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._reported >= _SECONDS:
            self._reported = now
            self._server.on_loop(lambda: self._send_report(done, total))

    def end(self, message: str) -> None:
        self._server.on_loop(lambda: self._end(message))

    async def _begin(self) -> None:
        try:
            await self._server.protocol.ask(
                lsp.WINDOW_WORK_DONE_PROGRESS_CREATE, lsp.WorkDoneProgressCreateParams(self._token)
            )
        except JsonRpcException:
            return
        if self._is_over:
            return
        self._is_shown = True
        self._server.bars[self._token] = self
        self._send(lsp.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0))

    def _send_report(self, done: int, total: int) -> None:
        if self._is_shown and total:
            self._send(
                lsp.WorkDoneProgressReport(
                    message=f"{done} of {total} files", percentage=100 * done // total
                )
            )

    def _end(self, message: str) -> None:
        self._is_over = True
        if self._is_shown:
            self._is_shown = False
            self._server.bars.pop(self._token, None)
            self._send(lsp.WorkDoneProgressEnd(message=message))

    def _send(
        self,
        value: lsp.WorkDoneProgressBegin | lsp.WorkDoneProgressReport | lsp.WorkDoneProgressEnd,
    ) -> None:
        self._server.protocol.notify(lsp.PROGRESS, lsp.ProgressParams(self._token, value))


def stop(server: BackendEngineer, params: lsp.WorkDoneProgressCancelParams) -> None:
    """The person has asked to stop some work."""
    bar = server.bars.get(str(params.token))
    if bar is not None:
        bar.cancelled = True
