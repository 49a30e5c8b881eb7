"""Parses the files that `check` would read and does nothing with the trees: the lower bound.

Run as a process of its own, so that it starts as cold as `check` does.  Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from backend_analyzers.source import File, Language
from backend_engineer.discovery import discover, read


def main(root: Path) -> None:
    files = [f for path in discover(root) if isinstance(f := read(root, path), File)]
    began = time.perf_counter()
    for file in files:
        File(file.path, file.language, file.text).tree.root_node  # noqa: B018 - what is measured
    seconds = time.perf_counter() - began
    python = [f for f in files if f.language is Language.PYTHON]
    figures = {
        "files": len(files),
        "lines": sum(f.text.count(b"\n") for f in files),
        "python_files": len(python),
        "python_lines": sum(f.text.count(b"\n") for f in python),
        "seconds": seconds,
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
