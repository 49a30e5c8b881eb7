"""The planner of one project: PostgreSQL when it is first needed, and a shadow for each schema."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import msgspec

from backend_analyzers.oracle import Script
from backend_engineer.planner.cluster import Cluster, start
from backend_engineer.planner.real import Address, exported
from backend_engineer.planner.shadow import Shadow, shadow
from backend_engineer.planner.statistics import Statistics, parse, read
from backend_engineer.settings import PlannerSettings

_MOST = 20
"""Shadows that are known without a look."""


class Planner:
    """Starts its server with the first question.  One thread at a time.

    Raises `Unavailable` when there is no PostgreSQL here, `Unreadable` when the settings name
    statistics that cannot be used.
    """

    def __init__(
        self, settings: PlannerSettings, root: Path, *, folder: Path | None = None
    ) -> None:
        self.settings = settings
        self.root = root
        self._folder = folder
        self._cluster: Cluster | None = None
        self._statistics: Statistics | None = None
        self._shadows: dict[Script, Shadow] = {}

    @property
    def cluster(self) -> Cluster:
        """The server, started when it is not running."""
        if self._cluster is None:
            self._cluster = start(self._folder, binaries=self.settings.binaries)
        return self._cluster

    @property
    def address(self) -> Address | None:
        """The real database that the settings name, if any."""
        variable = self.settings.database_url_env
        return Address(variable) if variable else None

    @property
    def statistics(self) -> Statistics:
        """What the settings say of production; without a file, what the real database says itself."""
        if self._statistics is None:
            address = self.address
            if address is None or self.settings.statistics or address.dialect != "postgresql":
                self._statistics = read(self.settings, self.root)
            else:
                text = exported(address, seconds=self.seconds)
                self._statistics = msgspec.structs.replace(
                    parse(text, address.variable), rows=dict(self.settings.rows)
                )
        return self._statistics

    @property
    def seconds(self) -> float:
        """How long a statement may take."""
        return self.settings.timeout / 1000

    def shadow(self, script: Script) -> Shadow:
        """The shadow with the schema of a script."""
        cluster = self.cluster
        found = self._shadows.pop(script, None)
        if found is None or found.database.name not in cluster.used:
            found = shadow(cluster, script, self.statistics, seconds=self.seconds)
        cluster.used[found.database.name] = cluster.used.pop(found.database.name, None)
        self._shadows[script] = found
        while len(self._shadows) > _MOST:
            del self._shadows[next(iter(self._shadows))]
        return found

    def close(self) -> None:
        """Stop the server."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        self._shadows.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
