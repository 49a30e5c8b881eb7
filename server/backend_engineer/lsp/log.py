"""What we log goes to the client's log; stderr stays quiet."""

from __future__ import annotations

import logging
import threading
import warnings
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer

_LEVELS = (
    (logging.ERROR, lsp.MessageType.Error),
    (logging.WARNING, lsp.MessageType.Warning),
    (logging.INFO, lsp.MessageType.Info),
)


class ToClient(logging.Handler):
    """Sends each record as `window/logMessage`, from whatever thread it comes."""

    def __init__(self, server: BackendEngineer) -> None:
        super().__init__(logging.INFO)
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        kind = next((k for level, k in _LEVELS if record.levelno >= level), lsp.MessageType.Log)
        params = lsp.LogMessageParams(kind, self.format(record))
        self._server.on_loop(lambda: self._server.window_log_message(params))


def install(server: BackendEngineer) -> None:
    """Send everything that anyone logs to the client, of other libraries only what goes wrong."""
    root = logging.getLogger()
    root.handlers[:] = [ToClient(server)]
    root.setLevel(logging.WARNING)
    logging.getLogger("backend_engineer").setLevel(logging.INFO)
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # we log the same, once
    logging.captureWarnings(capture=True)
    warnings.simplefilter("ignore")
    threading.excepthook = _in_thread


def _in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread is not None else "?"
        logging.getLogger("backend_engineer.lsp").error(
            "the thread %s failed", name, exc_info=args.exc_value
        )
