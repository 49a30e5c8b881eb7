"""Where text is printed."""

from __future__ import annotations

from typing import Literal, TextIO

from rich.console import Console


class Terminal(Console):
    """A console that leaves a reader who went away to the boundary, which knows the exit code."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def terminal(
    file: TextIO, color: Literal["auto", "always", "never"] = "auto", *, width: int = 120
) -> Console:
    """A console that prints text as it is; `width` holds where there is no terminal."""
    return Terminal(
        file=file,
        force_terminal={"always": True, "never": False}.get(color),
        no_color=True if color == "never" else None,
        width=None if file.isatty() else width,
        highlight=False,
        markup=False,
        emoji=False,
    )
