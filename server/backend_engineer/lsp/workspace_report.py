"""The findings of every file of the workspace that the client does not have yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from backend_analyzers import analyze
from backend_engineer.lsp import to_lsp
from backend_engineer.lsp.client import Client
from backend_engineer.lsp.projects import Project
from backend_engineer.lsp.to_lsp import Json, Places


def answer(
    projects: Iterable[Project],
    client: Client,
    versions: Mapping[str, int],
    known: Mapping[str, str],
) -> Json | None:
    """A report for each file whose findings are not `known`, by address and result.

    None when there is nothing to say: the client has it all, or the folders are still being read.
    """
    items: list[Json] = []
    gone = dict(known)
    for project in projects:
        workspace = project.session.workspace
        if project.whole and not project.session.is_indexed:
            return None
        places = Places(project, workspace, client)
        for path in sorted(workspace.files):
            shown = project.shown(analyze.review(workspace, path))
            uri = project.uri(path)
            if not shown and uri not in known:
                continue
            gone.pop(uri, None)
            text = project.text(workspace, path)
            found = to_lsp.encode(to_lsp.diagnostics(places, text, shown))
            result = to_lsp.result_id((found,))
            if known.get(uri) != result:
                items.append(_full(uri, versions.get(uri), result, found))
    items += [_full(uri, None, "", b"[]") for uri, result in gone.items() if result]
    return {"items": items} if items or not known else None


def _full(uri: str, version: int | None, result: str, items: bytes) -> Json:
    return {
        "uri": uri,
        "version": version,
        "kind": "full",
        "resultId": result,
        "items": msgspec.Raw(items),
    }
