"""The models of every mapper."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.models import Model
from backend_analyzers.facts.readers import model_readers
from backend_analyzers.workspace import Workspace


def all_models(workspace: Workspace) -> Mapping[str, Model]:
    """Every mapped class, by what code calls it."""
    found: dict[str, Model] = {}
    for reader in model_readers():
        found.update(workspace.fact(reader))
    return found
