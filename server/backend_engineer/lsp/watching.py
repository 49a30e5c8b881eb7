"""What the client watches for us: files on disk, its folders, its settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from backend_engineer.lsp.configuration import SECTION, fetch
from backend_engineer.lsp.uris import path_of

if TYPE_CHECKING:
    from backend_engineer.lsp.loop import BackendEngineer

_GLOBS = (
    "**/*.{py,pyi,js,mjs,cjs,jsx,ts,mts,cts,tsx,sql}",
    "**/backend-engineer.toml",
    "**/pyproject.toml",
    "**/.{gitignore,ignore,backend-engineer-ignore}",
)


async def register(server: BackendEngineer) -> None:
    """Ask the client to tell us of changes that it does not tell of by itself."""
    wanted = []
    if server.client.watches:
        watchers = [lsp.FileSystemWatcher(glob) for glob in _GLOBS]
        wanted.append(
            lsp.Registration(
                "watched-files",
                lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                lsp.DidChangeWatchedFilesRegistrationOptions(watchers),
            )
        )
    if server.client.configuration_registers:
        wanted.append(
            lsp.Registration(
                "configuration",
                lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
                lsp.DidChangeConfigurationRegistrationOptions(section=SECTION),
            )
        )
    if wanted:
        try:
            await server.protocol.ask(
                lsp.CLIENT_REGISTER_CAPABILITY, lsp.RegistrationParams(wanted)
            )
        except JsonRpcException:
            return


def files_changed(server: BackendEngineer, params: lsp.DidChangeWatchedFilesParams) -> None:
    server.on_worker(partial(server.touched, [change.uri for change in params.changes]))


async def folders_changed(
    server: BackendEngineer, params: lsp.DidChangeWorkspaceFoldersParams
) -> None:
    """The person has added or removed folders."""
    removed = {path_of(folder.uri) for folder in params.event.removed}
    kept = [root for root in server.roots if root not in removed]
    added = [path for folder in params.event.added if (path := path_of(folder.uri)) is not None]
    server.roots = list(dict.fromkeys((*kept, *added)))
    await fetch(server)
    server.on_worker(server.reopen)
