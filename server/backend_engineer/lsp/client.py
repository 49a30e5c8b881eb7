"""What the client can do, read once from the capabilities it sends."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from lsprotocol import types as lsp
from pygls.capabilities import get_capability

from backend_engineer.lsp.positions import Encoding


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The abilities that change what we send."""

    encoding: Encoding = "utf-16"
    pulls: bool = False
    """It asks for diagnostics itself."""
    refreshes: bool = False
    """It asks again for diagnostics when told to."""
    refreshes_lenses: bool = False
    """It asks again for code lenses when told to."""
    related: bool = False
    tags: bool = False
    links: bool = False
    """Its diagnostics can carry the address of the rule's page."""
    markdown: bool = False
    action_literals: bool = False
    resolves: bool = False
    """It asks for the edit of a code action when one is chosen."""
    document_changes: bool = False
    creates_files: bool = False
    annotates: bool = False
    """It shows what an edit is for before it is applied."""
    nested_symbols: bool = False
    progress: bool = False
    configuration: bool = False
    watches: bool = False
    configuration_registers: bool = False


def read(capabilities: lsp.ClientCapabilities) -> Client:
    """The abilities of a client with these capabilities."""

    def has(field: str) -> bool:
        return bool(get_capability(capabilities, cast("Any", field), None))

    def values(field: str) -> list[str]:
        return [
            str(getattr(v, "value", v))
            for v in get_capability(capabilities, cast("Any", field), None) or ()
        ]

    pulls = has("text_document.diagnostic")
    diagnostics = "text_document.diagnostic" if pulls else "text_document.publish_diagnostics"
    published = "text_document.publish_diagnostics"
    return Client(
        encoding=_encoding(values("general.position_encodings")),
        pulls=pulls,
        refreshes=has("workspace.diagnostics.refresh_support"),
        refreshes_lenses=has("workspace.code_lens.refresh_support"),
        related=has(f"{diagnostics}.related_information")
        or has(f"{published}.related_information"),
        tags=has(f"{diagnostics}.tag_support") or has(f"{published}.tag_support"),
        links=has(f"{diagnostics}.code_description_support")
        or has(f"{published}.code_description_support"),
        markdown="markdown" in values("text_document.hover.content_format"),
        action_literals=has("text_document.code_action.code_action_literal_support"),
        resolves="edit" in values("text_document.code_action.resolve_support.properties")
        and has("text_document.code_action.data_support"),
        document_changes=has("workspace.workspace_edit.document_changes"),
        creates_files="create" in values("workspace.workspace_edit.resource_operations"),
        annotates=has("workspace.workspace_edit.change_annotation_support"),
        nested_symbols=has("text_document.document_symbol.hierarchical_document_symbol_support"),
        progress=has("window.work_done_progress"),
        configuration=has("workspace.configuration"),
        watches=has("workspace.did_change_watched_files.dynamic_registration"),
        configuration_registers=has("workspace.did_change_configuration.dynamic_registration"),
    )


def _encoding(offered: list[str]) -> Encoding:
    """The first that we speak, in the client's order; UTF-16 when it names none."""
    for encoding in offered:
        if encoding in ("utf-8", "utf-16", "utf-32"):
            return cast("Encoding", encoding)
    return "utf-16"
