"""Whether a project limits how long its migrations wait for locks."""

from __future__ import annotations

import re

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.migrations.history import history
from backend_analyzers.facts.paths import is_test
from backend_analyzers.source import File
from backend_analyzers.workspace import Workspace

_SET = re.compile(rb"\block_timeout\b(?!\s*(?:=|TO)\s*'?0\b)", re.IGNORECASE)
"""pg_dump begins its output with `SET lock_timeout = 0`, which is no limit."""


@file_fact
def sets_lock_timeout(file: File) -> bool:
    """Whether a file sets `lock_timeout`, or says how to."""
    return _SET.search(file.text) is not None


def limited(workspace: Workspace) -> frozenset[str]:
    """The migrations' files that have a limit; all of them when something else sets one.

    That is the environment of the migration tool, a role's settings, or the options of a connection.
    """
    setting = {path for path, found in workspace.each(sets_lock_timeout).items() if found}
    if not setting:
        return frozenset()
    steps = {one.at.path for line in workspace.fact(history) for one in line.migrations}
    if any(path not in steps and not is_test(path) for path in setting):
        return frozenset(steps)
    return frozenset(setting)
