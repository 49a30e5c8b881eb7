"""The lower bound of an edit: reparsing the large file incrementally, with nothing done to the tree."""

from __future__ import annotations

import time
from pathlib import Path

from backend_file import write_workspace
from editing import HERE, TYPED
from measure import Row, milliseconds, p50, p95

from backend_analyzers.source import Edit, File, Language


def measure(folder: Path, *, keys: int) -> list[Row]:
    """The same keys at the same place as in `editing`, in this process."""
    text = write_workspace(folder).read_bytes()
    places = [at for at in range(len(text)) if text.startswith(HERE.encode(), at)]
    line = text.index(b"\n", places[len(places) // 2]) + 1
    file = File("shop.py", Language.PYTHON, text)
    began = time.perf_counter()
    file.tree.root_node  # noqa: B018 - what is measured
    whole = time.perf_counter() - began
    taken = []
    for number in range(keys):
        column = number % len(TYPED)
        if column == 0:
            file = file.edited((Edit(line, line, b"\n"),))
        began = time.perf_counter()
        at = line + column
        file = file.edited((Edit(at, at, TYPED[column].encode()),))
        file.tree.root_node  # noqa: B018 - what is measured
        taken.append(time.perf_counter() - began)
    taken = milliseconds(taken)
    return [
        Row(what="tree-sitter: the whole file", unit="ms", ours=whole * 1000),
        Row(what="tree-sitter: an edit, p50", unit="ms", ours=p50(taken)),
        Row(what="tree-sitter: an edit, p95", unit="ms", ours=p95(taken)),
    ]
