"""The one place of these tests that touches the flow layer: text in, readable lines out."""

from __future__ import annotations

import textwrap

from backend_analyzers import events as e
from backend_analyzers import ir
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import scope
from backend_analyzers.source import File, Language
from backend_analyzers.syntax import module


def file_of(text: str, path: str = "app.py") -> File:
    """A file, its text freed of the indentation it has in the test."""
    language = Language.of(path)
    assert language is not None
    return File(path, language, textwrap.dedent(text).lstrip("\n").encode())


def codes_of(file: File) -> list[Code]:
    """The units of a file in their context."""
    around = scope(file)
    return [Code(file.path, file.language, unit, around) for unit in module(file).units]


def python(text: str) -> list[str]:
    """The events of a Python text, a line each."""
    return _events(file_of(text))


def typescript(text: str) -> list[str]:
    """The events of a TypeScript text, a line each."""
    return _events(file_of(text, "app.ts"))


def _events(file: File) -> list[str]:
    return [line(event) for code in codes_of(file) for event in events(code)]


def written(text: ir.Text | None) -> str:
    """A text with `{}` for each hole."""
    if text is None:
        return "?"
    return "".join(part.text if isinstance(part, ir.Chunk) else "{}" for part in text.parts)


def line(event: e.AnyEvent) -> str:
    """An event in one line: its kind, what is called, and what matters about it."""
    return " ".join([type(event).__name__, event.function, *_details(event)])


def _details(event: e.AnyEvent) -> list[str]:
    match event:
        case e.HttpRequest():
            return [event.method or "?", f"timeout={event.timeout}", *_blocks(event.blocking)]
        case e.DatabaseQuery():
            given = {True: "parameters", False: "", None: "parameters?"}[event.has_parameters]
            many = "batch" if event.is_batch else ""
            shown = repr(written(event.sql))
            parts = [shown, event.fetches, given, many, *_blocks(event.blocking)]
            return [part for part in parts if part and part != "unknown"]
        case e.DatabaseConnect():
            pool = ["pool"] if event.is_pool else []
            return [f"timeout={event.timeout}", *pool, *_blocks(event.blocking)]
        case e.ProcessRun():
            shell = {True: "shell", False: "no-shell", None: "shell?"}[event.shell]
            return [shell, f"timeout={event.timeout}", *_blocks(event.blocking)]
        case e.LogWrite():
            return [event.level, str(len(event.arguments))]
        case e.TokenDecode():
            return [f"verify={event.verify}", f"algorithms={event.algorithms}"]
        case e.TokenEncode():
            return [f"algorithms={event.algorithms}"]
        case e.ResponseSent():
            return [event.kind, str(event.status)]
        case e.TransactionEnd():
            return [event.action]
        case e.TransactionBegin() | e.Sleep() | e.FileOpen() | e.Blocking():
            return _blocks(event.blocking)


def _blocks(blocking: bool | None) -> list[str]:
    return {True: ["blocking"], False: ["async"], None: []}[blocking]
