"""What each function does over the network, other than asking its database, whether it blocks or not."""

from __future__ import annotations

from backend_analyzers import ir
from backend_analyzers.events import AnyEvent, Blocking, HttpRequest, Sleep
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.calls import Act, running
from backend_analyzers.facts.function_names import function_keys
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File


@file_fact
def network(file: File) -> dict[str, tuple[Act, ...]]:
    """The calls to other systems in each function of a file, by the function's key."""
    found: dict[str, tuple[Act, ...]] = {}
    for unit in unit_network.each(file):
        found.update(unit)
    return found


@unit_fact
def unit_network(code: Code) -> dict[str, tuple[Act, ...]]:
    """The calls to other systems in each function of a unit."""
    acts: dict[int, list[Act]] = {}
    for event in events(code):
        found = wait(code, event)
        if found is not None:
            number = running(code, code.outline.block_at(event.start).number)
            acts.setdefault(number, []).append(found)
    names = function_keys(code) if acts else {}
    functions = code.outline.functions
    return {names.get(n, functions[n].key): tuple(some) for n, some in acts.items() if n}


def wait(code: Code, event: AnyEvent) -> Act | None:
    """What a call to another system waits for."""
    match event:
        case HttpRequest():
            what = "waits for a response"
        case Sleep():
            what = "sleeps"
        case Blocking(what="sending mail"):
            what = "sends mail"
        case Blocking(what=named) if named not in _LOCAL:
            what = f"waits for {named}"
        case _:
            return None
    text = ".".join(event.function.split(".")[-2:])
    for site in code.outline.calls:
        if (site.call.start, site.call.end) == (event.start, event.end):
            text = _shown(site.call.function) or text
    return Act(what, text, code.place_of(event.start, event.end), "high")


_LOCAL = frozenset({"waiting for a process", "reading the terminal"})


def _shown(called: ir.Expr) -> str:
    return dotted(called)
