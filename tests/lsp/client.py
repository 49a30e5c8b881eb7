"""A client over a real pipe.  It fails on every message that it does not expect."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from backend_engineer.lsp.transport import bodies

T = TypeVar("T")
Json = dict[str, Any]

SECONDS = 60.0
"""How long anything is waited for: long, since it only matters when a test fails."""

PUSH: Json = {
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
            "versionSupport": True,
        }
    }
}
FULL: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "diagnostic": {"dynamicRegistration": False},
        "publishDiagnostics": PUSH["textDocument"]["publishDiagnostics"],
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
            "isPreferredSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
    },
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create"],
            "changeAnnotationSupport": {},
        },
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "didChangeConfiguration": {"dynamicRegistration": True},
        "diagnostics": {"refreshSupport": True},
        "codeLens": {"refreshSupport": True},
    },
    "window": {"workDoneProgress": True},
}


class Refused(Exception):  # noqa: N818 - an answer
    """The server answered with an error."""

    def __init__(self, error: Json) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.data = error.get("data")


class Client:
    """One server process and everything that it has said."""

    def __init__(
        self,
        *,
        arguments: tuple[str, ...] = (),
        cache: Path | None = None,
        program: tuple[str, ...] = ("-I", "-m", "backend_engineer", "lsp"),
    ) -> None:
        cache = cache or Path(tempfile.mkdtemp(prefix="lsp-cache-"))
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        )
        self.answers: dict[int | str | None, Json] = {}
        self.published: dict[str, list[Json]] = {}
        self.log: list[Json] = []
        self.shown: list[Json] = []
        self.traces: list[Json] = []
        self.progress: list[Json] = []
        self.asked: list[Json] = []
        self.settings: object = None
        self.unexpected: list[Json] = []
        self._heard = threading.Condition()
        self._next = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # What a client says ------------------------------------------------------------------------

    def write(self, raw: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(raw)
        self.process.stdin.flush()

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> int:
        self._next += 1
        self.send({"id": self._next, "method": method, "params": params})
        return self._next

    def answer(self, ident: int | str | None) -> Any:
        message = self.until(lambda: self.answers.pop(ident, None), f"an answer to {ident}")
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def request(self, method: str, params: Any = None) -> Any:
        return self.answer(self.ask(method, params))

    def initialize(
        self,
        *roots: Path,
        capabilities: Json = FULL,
        options: object = None,
        process: int | None = None,
        trace: str = "off",
    ) -> Json:
        folders = [{"uri": root.as_uri(), "name": root.name} for root in roots]
        result: Json = self.request(
            "initialize",
            {
                "processId": process,
                "rootUri": roots[0].as_uri() if roots else None,
                "workspaceFolders": folders or None,
                "capabilities": capabilities,
                "initializationOptions": options,
                "trace": trace,
            },
        )
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: Json) -> None:
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
        )

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def pull(self, uri: str, previous: str | None = None) -> Json:
        params = {"textDocument": {"uri": uri}, "previousResultId": previous}
        result: Json = self.request("textDocument/diagnostic", params)
        return result

    def at(self, method: str, uri: str, line: int, character: int, **more: Any) -> Any:
        position = {"line": line, "character": character}
        return self.request(method, {"textDocument": {"uri": uri}, "position": position, **more})

    def actions(self, uri: str, start: Json, end: Json | None = None, **context: Any) -> list[Json]:
        result: list[Json] = self.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": {"start": start, "end": end or start},
                "context": {"diagnostics": [], **context},
            },
        )
        return result

    # What it waits for -------------------------------------------------------------------------

    def until(self, what: Callable[[], T | None], name: str = "something") -> T:
        """The first value of `what` that is not None; looked for after each message."""
        end = time.monotonic() + SECONDS
        with self._heard:
            while (found := what()) is None:
                left = end - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise AssertionError(f"{name} did not come; log: {self.log}")
                self._heard.wait(min(left, 0.2))
            return found

    def indexed(self) -> None:
        """Wait until the folders have been read."""
        self.until(lambda: any(p["value"]["kind"] == "end" for p in self.progress) or None, "index")

    def diagnostics_of(self, uri: str, version: int | None) -> list[Json]:
        """What was published last for a version."""

        def found() -> list[Json] | None:
            for params in reversed(self.published.get(uri, [])):
                if params.get("version") == version:
                    items: list[Json] = params["diagnostics"]
                    return items
            return None

        return self.until(found, f"diagnostics of {uri} in version {version}")

    def codes(self, uri: str) -> set[str]:
        """The rules that report in a document, once that is settled."""
        return {item["code"] for item in self.pull(uri)["items"]}

    def eventually(self, what: Callable[[], bool], name: str = "it") -> None:
        """Ask until it is so."""
        end = time.monotonic() + SECONDS
        while not what():
            assert time.monotonic() < end, f"{name} did not become true; log: {self.log}"
            time.sleep(0.03)

    def stop(self) -> None:
        """Leave in order, and hold the server to its manners."""
        if self.process.poll() is None:
            assert self.request("shutdown") is None
            self.notify("exit")
        assert self.process.wait(SECONDS) == 0
        complaints = [entry["message"] for entry in self.log if entry["type"] <= 2]
        assert not self.unexpected, self.unexpected
        assert not complaints, complaints
        assert (noise := self.stderr()) == b"", noise

    def stderr(self) -> bytes:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue

    # What it hears -----------------------------------------------------------------------------

    def _read(self) -> None:
        assert self.process.stdout is not None
        for body in bodies(cast("BinaryIO", self.process.stdout)):
            with self._heard:
                self._heard_message(json.loads(body))
                self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def _heard_message(self, message: Json) -> None:
        method = message.get("method")
        params: Json = message.get("params") or {}
        kinds: dict[str, list[Json]] = {
            "window/logMessage": self.log,
            "window/showMessage": self.shown,
            "$/logTrace": self.traces,
            "$/progress": self.progress,
        }
        if method is None:
            self.answers[message.get("id")] = message
        elif "id" in message:
            self._requested(message)
        elif method == "textDocument/publishDiagnostics":
            self.published.setdefault(params["uri"], []).append(params)
        elif method in kinds:
            kinds[method].append(params)
        else:
            self.unexpected.append(message)

    def _requested(self, message: Json) -> None:
        self.asked.append(message)
        result: object = None
        match message["method"]:
            case "workspace/configuration":
                result = [self.settings for _ in message["params"]["items"]]
            case (
                "client/registerCapability"
                | "window/workDoneProgress/create"
                | "workspace/diagnostic/refresh"
                | "workspace/codeLens/refresh"
            ):
                pass
            case _:
                self.unexpected.append(message)
        with contextlib.suppress(OSError, ValueError):  # the test may have closed the pipe
            self.send({"id": message["id"], "result": result})


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> Json:
    """An incremental change."""
    return {"range": {"start": position(*start), "end": position(*end)}, "text": text}


def position(line: int, character: int) -> Json:
    return {"line": line, "character": character}
