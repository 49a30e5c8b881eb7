"""The language server's entry: which method is whose, and the streams it is spoken over."""

from __future__ import annotations

import argparse
import gc
import importlib
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO

from lsprotocol import types as lsp

from backend_engineer.lsp import (
    client,
    commands,
    configuration,
    diagnostics,
    lifetime,
    log,
    progress,
    sync,
    watching,
    workspace_diagnostics,
)
from backend_engineer.lsp.exchange import Reviewed
from backend_engineer.lsp.loop import NAME, BackendEngineer
from backend_engineer.lsp.protocol import CONTENT_MODIFIED, Encoded, Refusal
from backend_engineer.lsp.uris import path_of

_GIL_SECONDS = 0.0005
"""How long a thread may keep the others waiting: a hover crosses threads four times."""

_GARBAGE = (50_000, 20, 20)
"""Values here hold no cycles; the default would walk all that is known every few keystrokes."""

FIX_ALL = f"source.fixAll.{NAME}"

# Answered from the newest review, even when newer text waits for its own.
_FROM_REVIEW = {
    lsp.TEXT_DOCUMENT_HOVER: "hover.answer",
    lsp.TEXT_DOCUMENT_DEFINITION: "definition.answer",
    lsp.TEXT_DOCUMENT_REFERENCES: "definition.references",
    lsp.TEXT_DOCUMENT_CODE_LENS: "plans.lenses",
}
# Answered once the newest text is reviewed: what they say must fit it exactly.
_FROM_NEWEST = {
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: "symbols.of_document",
    lsp.TEXT_DOCUMENT_CODE_ACTION: "code_actions.answer",
    lsp.TEXT_DOCUMENT_COMPLETION: "completion.answer",
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: "rename.prepare",
    lsp.TEXT_DOCUMENT_RENAME: "rename.answer",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one client, over standard input and output or a loopback socket.  Does not return."""
    options = _options(argv)
    sys.setswitchinterval(_GIL_SECONDS)
    gc.set_threshold(*_GARBAGE)
    server = make()
    if options.tcp is None:
        code = server.serve(*_standard_streams())
    else:
        code = _serve_tcp(server, *options.tcp)
    # Threads that still work are not waited for.
    os._exit(code)


def make() -> BackendEngineer:
    """A server with everything registered."""
    server = BackendEngineer()
    on = server.feature
    on(lsp.INITIALIZE)(partial(_initialize, server))
    on(lsp.INITIALIZED)(_async(server, _initialized))
    on(lsp.TEXT_DOCUMENT_DID_OPEN)(partial(sync.opened, server))
    on(lsp.TEXT_DOCUMENT_DID_CHANGE)(partial(sync.changed, server))
    on(lsp.TEXT_DOCUMENT_DID_CLOSE)(partial(sync.closed, server))
    on(lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL)(partial(progress.stop, server))
    on(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)(_async(server, configuration.changed))
    on(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_async(server, watching.folders_changed))
    on(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(partial(watching.files_changed, server))
    for method, answer in _FROM_REVIEW.items():
        on(method)(_answering(server, answer, newest=False))
    server.protocol.fm.feature_options[lsp.TEXT_DOCUMENT_COMPLETION] = lsp.CompletionOptions(
        trigger_characters=["."]
    )
    server.protocol.fm.feature_options[lsp.TEXT_DOCUMENT_RENAME] = lsp.RenameOptions(
        prepare_provider=True
    )
    for method, answer in _FROM_NEWEST.items():
        on(method)(_answering(server, answer, newest=True))
    for name, run in commands.COMMANDS.items():
        server.command(name)(_command(server, run))
    on(lsp.CODE_ACTION_RESOLVE)(_answering(server, "code_actions.resolve", newest=True))
    on(lsp.WORKSPACE_SYMBOL)(_async(server, _workspace_symbols))
    return server


def _initialize(server: BackendEngineer, params: lsp.InitializeParams) -> None:
    """Read what the client can do and where it works; pygls answers from what is registered."""
    server.client = client.read(params.capabilities)
    server.protocol.trace = params.trace or lsp.TraceValue.Off
    folders = [folder.uri for folder in params.workspace_folders or ()]
    uris = folders or ([params.root_uri] if params.root_uri else [])
    server.roots = [path for uri in uris if (path := path_of(uri)) is not None]
    server.sent = {"": configuration.settings_in(params.initialization_options)}
    if server.client.action_literals:
        kinds = [lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.RefactorRewrite, FIX_ALL]
        server.protocol.fm.feature_options[lsp.TEXT_DOCUMENT_CODE_ACTION] = lsp.CodeActionOptions(
            code_action_kinds=kinds, resolve_provider=server.client.resolves
        )
    if server.client.pulls:
        server.feature(
            lsp.TEXT_DOCUMENT_DIAGNOSTIC,
            lsp.DiagnosticOptions(
                inter_file_dependencies=True, workspace_diagnostics=False, identifier=NAME
            ),
        )(_async(server, diagnostics.pull))
        if configuration.reports_workspace(server):
            server.feature(lsp.WORKSPACE_DIAGNOSTIC)(_async(server, workspace_diagnostics.pull))
    if params.process_id is not None:
        lifetime.watch(params.process_id, server.stop)


async def _initialized(server: BackendEngineer, _: lsp.InitializedParams) -> None:
    log.install(server)
    server.start()
    await configuration.fetch(server)
    server.configured()
    await watching.register(server)


def _async(server: BackendEngineer, handler: Callable[..., Any]) -> Callable[[Any], Any]:
    """A handler as pygls recognises it: a coroutine function of the parameters alone."""

    async def handle(params: Any) -> Any:
        return await handler(server, params)

    return handle


def _command(server: BackendEngineer, run: Callable[..., Any]) -> Callable[..., Any]:
    """A command as pygls recognises it: a function of the arguments alone."""

    def handle(*arguments: Any) -> Any:
        return run(server, *arguments)

    return handle


def _answering(server: BackendEngineer, name: str, *, newest: bool) -> Callable[[Any], Any]:
    """A handler that has `module.function` answer in the pool; the module is loaded there."""
    module, _, function = name.partition(".")

    async def handle(params: Any) -> Encoded:
        uri = _uri(params)
        if uri not in server.documents:
            return Encoded(b"null")
        reviewed = server.wholes.get(uri) or server.reviews.get(uri)
        if newest or reviewed is None:
            reviewed = await server.review_of(uri, _modified)
        ask = _question(server, reviewed)
        return await server.answer(lambda: getattr(_loaded(module), function)(ask(), params))

    return handle


def _question(server: BackendEngineer, reviewed: Reviewed) -> Callable[[], Any]:
    """What a request is answered from, taken on the loop and put together in the pool."""
    document = server.documents[reviewed.uri]
    taken = {
        "client": server.client,
        "call": server.protocol.call(),
        "reviewed": reviewed,
        "since": document.since(reviewed.text) or (),
        "now": document.text,
    }
    return lambda: _loaded("question").Question(**taken)


async def _workspace_symbols(server: BackendEngineer, params: lsp.WorkspaceSymbolParams) -> Encoded:
    projects, known, call = server.projects, server.client, server.protocol.call()
    return await server.answer(
        lambda: _loaded("symbols").of_workspace(projects, known, call, params.query)
    )


def _uri(params: Any) -> str:
    document = getattr(params, "text_document", None)
    if document is not None:
        return str(document.uri)
    data = getattr(params, "data", None)
    return str(data.get("uri", "")) if isinstance(data, dict) else ""


def _modified() -> Refusal:
    return Refusal(CONTENT_MODIFIED, "the text has changed")


def _loaded(module: str) -> Any:
    return importlib.import_module(f"backend_engineer.lsp.{module}")


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="backend-engineer lsp",
        description="The language server, over standard input and output.",
    )
    parser.add_argument("--stdio", action="store_true", help="accepted, and the default")
    parser.add_argument(
        "--tcp",
        type=_address,
        metavar="127.0.0.1:PORT",
        help="wait for one client on a loopback port instead, for debugging",
    )
    parser.add_argument("--clientProcessId", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _address(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise argparse.ArgumentTypeError(
            f"`{host}` is not a loopback address: whoever connects can read your files; "
            "use 127.0.0.1:PORT"
        )
    if not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"`{port}` is no port; expected 127.0.0.1:PORT")
    return host, int(port)


def _standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's own streams.  What any library prints goes to stderr, not between messages."""
    stdout = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, stdout


def _serve_tcp(server: BackendEngineer, host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        print(f"listening on {host}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)  # noqa: T201
        connection, _ = listener.accept()
    with connection:
        return server.serve(connection.makefile("rb"), connection.makefile("wb"))
