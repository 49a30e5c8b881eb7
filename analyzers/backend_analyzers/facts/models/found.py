"""Finds models by what the code of a file calls them."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.callees import Callees, callees
from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.workspace import Workspace


class FoundModels:
    """The models of a workspace by where they are declared, and the names that lead there."""

    def __init__(self, models: Mapping[str, Model], names: Callees) -> None:
        self._names = names
        self._by_place = {(one.at.path, one.key.rpartition(".")[2]): one for one in models.values()}

    def find(self, path: str, name: str) -> Model | None:
        """The model behind a name that the file at `path` uses."""
        for where in self._names.way(path, name):
            found = self._by_place.get(where)
            if found is not None:
                return found
        return None


def found_models(workspace: Workspace) -> FoundModels:
    """The models of the workspace, to be found by name."""
    return FoundModels(workspace.fact(all_models), workspace.fact(callees))
