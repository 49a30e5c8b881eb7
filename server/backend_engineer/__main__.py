"""`python -I -m backend_engineer`: the language server starts at once, the rest through the CLI."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    `lsp` goes first: an editor waits for it, and it needs none of what the other commands import.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["lsp"]:
        from backend_engineer.lsp.server import main as serve  # noqa: PLC0415 - see above

        return serve(arguments[1:])
    try:
        from backend_engineer.cli import run  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        return 130
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
