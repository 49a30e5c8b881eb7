"""Addresses of documents and paths of files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pygls.uris import from_fs_path, to_fs_path


def path_of(uri: str) -> Path | None:
    """The file behind an address; None for a document that is in no file."""
    try:
        found = to_fs_path(uri) if urlsplit(uri).scheme == "file" else None
    except ValueError:
        return None
    return Path(found) if found else None


def uri_of(path: Path) -> str:
    return from_fs_path(str(path)) or path.as_uri()
