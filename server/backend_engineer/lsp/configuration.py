"""The editor's settings: asked for, sent, and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from backend_engineer.configuration import from_editor, load
from backend_engineer.lsp.uris import uri_of

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer

SECTION = "backend-engineer"
_WRAPPERS = (SECTION, "backendEngineer", "settings")


def settings_in(sent: object) -> dict[str, object]:
    """Our settings in what an editor sent, which may be wrapped in the name of our section."""
    if not isinstance(sent, Mapping):
        return {}
    for wrapper in _WRAPPERS:
        if isinstance(sent.get(wrapper), Mapping):
            return settings_in(sent[wrapper])
    return {str(key): value for key, value in sent.items()}


def reports_workspace(server: BackendEngineer) -> bool:
    """Whether findings in files that are not open are wanted, as far as is known at the start."""
    sent = server.sent.get("")
    found = [from_editor(sent, load(root)) for root in server.roots] or [from_editor(sent)]
    return any(one.settings.lsp.workspace_diagnostics for one in found)


async def fetch(server: BackendEngineer) -> None:
    """Ask the editor for its settings, for each folder, if it can be asked."""
    if not server.client.configuration:
        return
    roots = list(server.roots)
    items = [lsp.ConfigurationItem(uri_of(root), SECTION) for root in roots]
    try:
        answers: Any = await server.protocol.ask(
            lsp.WORKSPACE_CONFIGURATION,
            lsp.ConfigurationParams([lsp.ConfigurationItem(None, SECTION), *items]),
        )
    except JsonRpcException:
        return
    if isinstance(answers, list | tuple) and len(answers) == len(items) + 1:
        for name, answer in zip(("", *map(str, roots)), answers, strict=True):
            if answer:
                server.sent[name] = settings_in(answer)


async def changed(server: BackendEngineer, params: lsp.DidChangeConfigurationParams) -> None:
    """The settings are others now.  Editors that can be asked send nothing useful along."""
    if server.client.configuration:
        await fetch(server)
    elif sent := settings_in(params.settings):
        server.sent = {"": sent}
    server.on_worker(server.reopen)


def report_problem(server: BackendEngineer, problem: str) -> None:
    """Tell the person what does not hold in the settings; from any thread."""
    params = lsp.ShowMessageParams(lsp.MessageType.Warning, problem)
    server.on_loop(lambda: server.window_show_message(params))
