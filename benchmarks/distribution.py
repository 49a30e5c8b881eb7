"""A large real source distribution from PyPI, kept in a cache folder outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

NAME, VERSION = "prefect", "3.9.1"


def distribution() -> Path:
    """The unpacked distribution; downloaded by pip when it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "backend-engineer-benchmarks"
    unpacked = folder / f"{NAME}-{VERSION}"
    if not unpacked.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / f"{NAME}-{VERSION}.tar.gz"
        if not archive.is_file():
            _download(folder)
        # Unpacked beside and then renamed: an interrupted run leaves nothing half done.
        fresh = folder / "unpacking"
        shutil.rmtree(fresh, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(fresh, filter="data")
        (fresh / unpacked.name).rename(unpacked)
        shutil.rmtree(fresh)
    return unpacked


def _download(folder: Path) -> None:
    """`pip download`, which builds the metadata in isolation, with a pip of its own."""
    tools = folder / "pip"
    python = tools / "bin" / "python"
    if not python.is_file():
        sys.stderr.write(f"downloading {NAME} {VERSION} into {folder}\n")
        venv.create(tools, with_pip=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    options = ["--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*pip, *options, f"{NAME}=={VERSION}"], check=True)
