"""A small client that drives any language server over its standard streams.

It knows nothing of the server it drives, so that two servers are measured by the same method.
Messages are read on a thread of their own: an answer's time is when its last byte arrived.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CONTENT_MODIFIED = -32801
SERVER_CANCELLED = -32802

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "diagnostics": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {
        "synchronization": {"didSave": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": False},
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
    },
    "window": {"workDoneProgress": True},
}
"""What an editor of today can do: it pulls diagnostics, and asks again when it is told to."""


class ServerDiedError(Exception):
    """The server closed its output before it answered."""


class Answer:
    """A request on its way; `sent` and `arrived` are seconds of `time.perf_counter`."""

    def __init__(self) -> None:
        self.sent = time.perf_counter()
        self.arrived = 0.0
        self.message: dict[str, Any] | None = None

    @property
    def result(self) -> Any:
        return (self.message or {}).get("result")

    @property
    def error(self) -> int | None:
        """The code of the error, when the request was refused."""
        error = (self.message or {}).get("error")
        return None if error is None else int(error["code"])

    @property
    def seconds(self) -> float:
        return self.arrived - self.sent


class Client:
    """One running server.  Leaving the context shuts it down."""

    def __init__(self, command: Sequence[str], root: Path, *, log: Path | None = None) -> None:
        self.root = root.resolve()
        self._answers: dict[int, Answer] = {}
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._next = 0
        self._is_dead = False
        self._log = (log or Path("/dev/null")).open("ab")
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self.root,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.request("shutdown", None, limit=10)
                self.notify("exit", None)
                self.process.wait(10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._log.close()

    def initialize(self) -> Answer:
        """Greet the server; the answer's `arrived` minus `started` is its cold start."""
        answer = self.request(
            "initialize",
            {
                "processId": None,
                "clientInfo": {"name": "benchmark"},
                "rootUri": self.root.as_uri(),
                "workspaceFolders": [{"uri": self.root.as_uri(), "name": self.root.name}],
                "capabilities": CAPABILITIES,
            },
        )
        self.notify("initialized", {})
        return answer

    def send(self, method: str, params: Any) -> Answer:
        """Send a request without waiting for its answer."""
        answer = Answer()
        with self._changed:
            self._next += 1
            ident = self._next
            self._answers[ident] = answer
        self._write({"id": ident, "method": method, "params": params})
        return answer

    def wait(self, answer: Answer, limit: float = 60) -> Answer:
        """Wait until a request is answered."""
        self.until(lambda: answer.message is not None, limit)
        return answer

    def request(self, method: str, params: Any, limit: float = 60) -> Answer:
        """Send a request and wait until it is answered."""
        return self.wait(self.send(method, params), limit)

    def notify(self, method: str, params: Any) -> float:
        """Send a notification; the time when it was sent."""
        sent = time.perf_counter()
        self._write({"method": method, "params": params})
        return sent

    def until(self, condition: Callable[[], bool], limit: float = 60) -> None:
        """Wait until a condition holds, looking again after each message."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_dead or condition(), limit):
                raise TimeoutError(f"the server did not answer within {limit} s")
        if not condition():
            raise ServerDiedError(f"{self.process.args!r} exited: {self.process.poll()}")

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        with self._writing:
            stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            stream.flush()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) or not length:
                if not line:
                    with self._changed:
                        self._is_dead = True
                        self._changed.notify_all()
                    return
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = stream.read(length)
            self._arrived(time.perf_counter(), json.loads(body))

    def _arrived(self, at: float, message: dict[str, Any]) -> None:
        method, ident = message.get("method"), message.get("id")
        if method is None:
            with self._changed:
                # Kept by the caller only: a long run must not grow on this side either.
                answer = self._answers.pop(int(ident or 0), None)
                if answer is not None:
                    answer.arrived, answer.message = at, message
                self._changed.notify_all()
        elif ident is not None:
            self._write({"id": ident, "result": _reply(method, message.get("params"))})


class Document:
    """An open document that is typed into.  Its text is plain ASCII, so columns are bytes."""

    def __init__(self, client: Client, path: Path, language: str) -> None:
        self.client = client
        self.uri = path.resolve().as_uri()
        self.version = 1
        self.opened = client.notify(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": self.uri,
                    "languageId": language,
                    "version": 1,
                    "text": path.read_text(encoding="ascii"),
                }
            },
        )

    def replace(self, line: int, start: int, end: int, text: str) -> float:
        """Replace columns of one line; the time when it was sent."""
        self.version += 1
        span = {
            "start": {"line": line, "character": start},
            "end": {"line": line, "character": end},
        }
        return self.client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self.uri, "version": self.version},
                "contentChanges": [{"range": span, "text": text}],
            },
        )

    def ask(self) -> Answer:
        """Ask for the diagnostics of this version, without waiting."""
        return self.client.send("textDocument/diagnostic", {"textDocument": {"uri": self.uri}})

    def diagnostics(self, since: float) -> tuple[float, list[dict[str, Any]]]:
        """Pull the diagnostics; seconds since `since`, and what was answered.

        A server may say that it was overtaken; then the editor asks again, and the clock runs on.
        """
        while True:
            answer = self.client.wait(self.ask())
            if answer.error is None:
                return answer.arrived - since, (answer.result or {}).get("items", [])
            if answer.error not in {CONTENT_MODIFIED, SERVER_CANCELLED}:
                raise RuntimeError(f"no diagnostics: {answer.message}")

    def hover(self, line: int, character: int) -> Answer:
        """Ask for a hover, without waiting."""
        position = {"line": line, "character": character}
        return self.client.send(
            "textDocument/hover", {"textDocument": {"uri": self.uri}, "position": position}
        )


def _reply(method: str, params: Any) -> Any:
    """What an editor without settings of its own answers."""
    if method == "workspace/configuration":
        return [None] * len(params["items"])
    if method == "workspace/applyEdit":
        return {"applied": False}
    return None
