"""Every rule and every fact there is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from backend_analyzers import facts, rules
from backend_analyzers.rule import Rule


def discover() -> Mapping[str, Rule]:
    """The rules, by name: each module below `rules` defines the rule it is named after."""
    found: dict[str, Rule] = {}
    for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        if not module.ispkg:
            loaded = importlib.import_module(module.name)
            rule = getattr(loaded, module.name.rpartition(".")[2], None)
            if not isinstance(rule, Rule):
                raise TypeError(f"{module.name} must define one rule of the same name")
            found[rule.name] = rule
    return MappingProxyType(dict(sorted(found.items())))


def load_facts() -> None:
    """Import every fact, also those that no rule reads yet: what is kept of a file has all of them."""
    for module in pkgutil.walk_packages(facts.__path__, f"{facts.__name__}."):
        importlib.import_module(module.name)


load_facts()
RULES = discover()
