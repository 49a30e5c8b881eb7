"""The Language Server Protocol over pygls, with pygls' faults repaired by subclassing.

What differs from pygls 2.1: reading, writing and handling are three threads, so that work cannot
starve the protocol; a cancelled request is answered at once even when it still waits in the queue,
and work that runs can see that it is no longer wanted; invalid messages are answered as the
specification says; requests outside `initialize` … `shutdown` are refused; `exit` never waits for a
thread and tells by its code whether `shutdown` came first; nothing is kept of a message that is done;
and documents are not pygls' own (`backend_engineer.lsp.documents`).
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, BinaryIO

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import FeatureRequestError, JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from backend_engineer.lsp.transport import Writer, bodies, framed

log = logging.getLogger("backend_engineer.lsp")

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800
CONTENT_MODIFIED = -32801
REQUEST_FAILED = -32803
SERVER_CANCELLED = -32802

Id = int | str


class Encoded(msgspec.Struct, frozen=True):
    """A result that is JSON already: made off the loop, and sent as it is."""

    json: bytes


class Refusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """Answers a request with an error that is part of the protocol: nothing to log."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class Call:
    """A request that has arrived and is not yet answered.  Work that runs for it may poll `cancelled`."""

    __slots__ = ("cancelled", "method", "since")

    def __init__(self, method: str) -> None:
        self.method = method
        self.cancelled = False
        self.since = time.monotonic()


class _Futures(dict[Id, Future[Any]]):
    """Futures by id.  pygls cancels them in a loop over the items, and each then removes itself."""

    def items(self) -> Any:
        return list(super().items())


class Protocol(LanguageServerProtocol):
    """pygls' protocol, made to hold what the specification promises."""

    def __init__(self, server: LanguageServer, converter: Any) -> None:
        super().__init__(server, converter)
        self._request_futures = _Futures()
        self.calls: dict[Id, Call] = {}
        self.exit_code: int | None = None
        self._initialized = False

    def received(self, body: bytes) -> Any:
        """Decode a message on the reading thread, which also sees cancellations first."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if isinstance(message, dict):
            params = message.get("params")
            if message.get("method") == lsp.CANCEL_REQUEST and isinstance(params, dict):
                call = self.calls.get(_id(params.get("id")))
                if call is not None:
                    call.cancelled = True
            elif isinstance(message.get("method"), str) and _is_id(message.get("id")):
                self.calls.setdefault(message["id"], Call(message["method"]))
        return message

    def feed(self, message: Any) -> None:
        """Handle one decoded message on the loop."""
        if message is None:
            self._refuse(None, PARSE_ERROR, "the message is not JSON")
        elif not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(_known_id(message), INVALID_REQUEST, "this is no JSON-RPC 2.0 message")
        elif "method" not in message:
            self._answered(message)
        elif not isinstance(message["method"], str) or not _is_id(message.get("id", 0)):
            self._refuse(_known_id(message), INVALID_REQUEST, "`method` or `id` has a wrong type")
        else:
            self._trace("received", message)
            if "id" in message:
                self._requested(message)
            else:
                self._notified(message)

    def call(self) -> Call:
        """The request that the current context answers."""
        return self.calls.get(self._ctx_msg_id.get(), Call(""))  # type: ignore[arg-type]

    async def ask(self, method: str, params: Any) -> Any:
        """Send a request to the client; raises `JsonRpcException` when it answers with an error."""
        future = self.send_request(method, params)
        try:
            return await asyncio.wrap_future(future)
        finally:
            for known in [key for key, f in self._request_futures.items() if f is future]:
                self._request_futures.pop(known, None)
                self._result_types.pop(known, None)

    def _requested(self, message: dict[str, Any]) -> None:
        ident, method = message["id"], message["method"]
        if self._shutdown:
            return self._refuse(ident, INVALID_REQUEST, "the server is shutting down")
        if self._initialized == (method == lsp.INITIALIZE):
            if self._initialized:
                return self._refuse(ident, INVALID_REQUEST, "the server is initialized already")
            return self._refuse(ident, NOT_INITIALIZED, "the server is not initialized")
        if ident in self._request_futures:
            return self._refuse(None, INVALID_REQUEST, f"the id {ident!r} is in use")
        call = self.calls.setdefault(ident, Call(method))
        if call.cancelled:
            return self._refuse(ident, REQUEST_CANCELLED, "cancelled")
        try:
            structured = self.structure_message(message)
        except JsonRpcException:
            return self._refuse(ident, INVALID_PARAMS, f"invalid parameters for {method}")
        contextvars.copy_context().run(
            self._handle_request, ident, method, getattr(structured, "params", None)
        )
        self._initialized = self._initialized or method == lsp.INITIALIZE
        return None

    def _notified(self, message: dict[str, Any]) -> None:
        method = message["method"]
        if method == lsp.EXIT:
            self.exit_code = 0 if self._shutdown else 1
            return
        if self._shutdown or not self._initialized:
            return
        try:
            structured = self.structure_message(message)
        except JsonRpcException:
            log.warning("ignored %s: its parameters are invalid", method)
            return
        contextvars.copy_context().run(
            self._handle_notification, method, getattr(structured, "params", None)
        )

    def _answered(self, message: dict[str, Any]) -> None:
        """The client's answer to a request of ours; one that nobody waits for is dropped."""
        ident = _known_id(message)
        future = self._request_futures.pop(ident, None) if ident is not None else None
        if future is None or future.done():
            self._result_types.pop(ident, None) if ident is not None else None
            return
        try:
            structured = self.structure_message(message)
        except JsonRpcException as invalid:
            future.set_exception(invalid)
            return
        if isinstance(structured, lsp.ResponseErrorMessage):
            why = structured.error.message if structured.error else ""
            future.set_exception(JsonRpcException(why))
        else:
            future.set_result(structured.result)

    def _execute_handler(
        self,
        msg_id: Id,
        handler: Callable[..., Any],
        callback: Callable[[Future[Any]], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        def done(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, done, args, kwargs)

    def _send_handler_result(self, future: Future[Any], *, msg_id: Id) -> None:
        if future.cancelled():
            return self._refuse(msg_id, REQUEST_CANCELLED, "cancelled")
        error = future.exception()
        if error is None:
            return self._send_response(msg_id, future.result())
        if isinstance(error, Refusal):
            return self._refuse(msg_id, error.code, str(error), error.data)
        if isinstance(error, JsonRpcException):
            return self._send_response(msg_id, error=error.to_response_error())
        log.error("a request failed", exc_info=error)
        return self._refuse(msg_id, INTERNAL_ERROR, f"{type(error).__name__}: {error}")

    def _check_handler_result(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("a notification could not be handled", exc_info=error)

    def _handle_cancel_notification(self, msg_id: Id) -> None:
        future = self._request_futures.get(msg_id)
        if future is not None and msg_id in self.calls:
            future.cancel()

    def _refuse(self, ident: Id | None, code: int, why: str, data: Any = None) -> None:
        self._send_response(
            ident,
            error=lsp.ResponseError(code=code, message=why, data=data),
        )

    def _send_response(
        self, msg_id: Id | None, result: Any = None, error: lsp.ResponseError | None = None
    ) -> None:
        call = self.calls.pop(msg_id, None) if msg_id is not None else None
        if call is not None:
            took = f"{1000 * (time.monotonic() - call.since):.1f} ms"
            self._trace("answered", {"method": call.method, "id": msg_id}, took)
        if isinstance(result, Encoded) and error is None:
            self._send_body(
                b'{"jsonrpc":"2.0","id":%b,"result":%b}'
                % (json.dumps(msg_id).encode(), result.json)
            )
        else:
            super()._send_response(msg_id, result, error)  # type: ignore[arg-type]  # null: the id could not be read

    def notify(self, method: str, params: Any = None) -> None:
        if isinstance(params, Encoded):
            head = json.dumps(method).encode()
            self._send_body(b'{"jsonrpc":"2.0","method":%b,"params":%b}' % (head, params.json))
        else:
            super().notify(method, params)

    def _send_data(self, data: Any) -> None:
        try:
            body = json.dumps(data, default=self._serialize_message).encode()
        except (TypeError, ValueError):
            log.exception("a message could not be written as JSON")
            return
        self._send_body(body)

    def _send_body(self, body: bytes) -> None:
        if self.writer is not None:
            self.writer.write(framed(body))

    def _trace(self, what: str, message: dict[str, Any], detail: str = "") -> None:
        if self.trace != lsp.TraceValue.Off:
            ident = f" ({message['id']})" if "id" in message else ""
            verbose = None
            if self.trace == lsp.TraceValue.Verbose:
                verbose = detail or json.dumps(message.get("params"))
            text = f"{what} {message['method']}{ident}"
            super().notify(lsp.LOG_TRACE, lsp.LogTraceParams(message=text, verbose=verbose))

    def _register_builtin_features(self) -> None:
        """Leave out what pygls does to documents of its own: they split lines wrongly and grow."""
        super()._register_builtin_features()  # type: ignore[no-untyped-call]
        for method in list(self.fm.builtin_features):
            if method.startswith(("textDocument/", "notebookDocument/", "window/")):
                del self.fm.builtin_features[method]


class Server(LanguageServer):
    """A pygls server that reads and writes on threads of its own."""

    protocol: Protocol

    def __init__(self, name: str, version: str) -> None:
        super().__init__(name, version, protocol_cls=Protocol)
        self._inbox: deque[tuple[Any, bool]] = deque()
        self._wake: Callable[[], None] = _nothing

    def serve(self, stdin: BinaryIO, stdout: BinaryIO) -> int:
        """Talk to one client until it leaves; the exit code of the process."""
        writer = Writer(stdout, self.stop)
        self.protocol.set_writer(writer)
        code = asyncio.run(self._main(stdin))
        writer.close()
        return code

    def stop(self) -> None:
        """Leave as if the client had gone.  May be called from any thread."""
        self._inbox.append((None, True))
        self._wake()

    def report_server_error(self, error: Exception, source: object) -> None:
        """Goes to the log: a message box is not for our own defects.  A request has its answer."""
        if source is not FeatureRequestError:
            log.error("%s: %s", getattr(source, "__name__", source), error)

    async def _main(self, stdin: BinaryIO) -> int:
        loop, wake = asyncio.get_running_loop(), asyncio.Event()
        self._wake = partial(_call_soon, loop, wake.set)
        threading.Thread(target=self._read, args=(stdin,), daemon=True, name="reader").start()
        protocol = self.protocol
        while True:
            while self._inbox:
                message, is_end = self._inbox.popleft()
                if is_end:
                    return 0 if protocol._shutdown else 1  # noqa: SLF001 - pygls has no name for it
                try:
                    protocol.feed(message)
                except Exception:
                    log.exception("a message could not be handled")
                if protocol.exit_code is not None:
                    return protocol.exit_code
                await asyncio.sleep(0)  # answers go out between two messages
            wake.clear()
            if not self._inbox:
                await wake.wait()

    def _read(self, stdin: BinaryIO) -> None:
        try:
            for body in bodies(stdin):
                self._inbox.append((self.protocol.received(body), False))
                self._wake()
        except (OSError, ValueError):
            log.info("the client's stream broke")
        self.stop()


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _nothing() -> None:
    """Stands for the waker before the loop runs: the loop looks into the inbox first."""


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _id(value: Any) -> Any:
    return value if _is_id(value) else None


def _known_id(message: Any) -> Id | None:
    return _id(message.get("id")) if isinstance(message, dict) else None
