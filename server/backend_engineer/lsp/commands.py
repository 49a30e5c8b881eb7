"""The commands that a client may have us run, as a lens or an action names them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer

SHOW_PLAN = "backend-engineer.showPlan"


def show_plan(server: BackendEngineer, uri: str, sql: str) -> Any:
    """The plan of a query as text, for clients that know what to do with it; the others see a message."""
    reviewed = server.wholes.get(uri) or server.reviews.get(uri)
    if reviewed is None:
        return None
    plans = importlib.import_module("backend_engineer.lsp.plans")
    told = plans.described_as_text(reviewed.workspace, reviewed.path, sql)
    server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, told))
    return told


COMMANDS = {SHOW_PLAN: show_plan}
