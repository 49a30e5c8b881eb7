"""Pools that together open more connections than the server takes.

Every process has a pool of its own: its size, times the workers of a container, times the containers.  PostgreSQL
takes 100 connections unless told otherwise and refuses the rest, which happens first when there is most to do.

## Example

In `compose.yaml`:

```yaml
services:
  db:
# ~~ takes 100 connections
    image: postgres:17
  shop:
# ~~~~ 3 containers with 4 workers each
    build: shop
    command: uvicorn shop.main:app --workers 4
    environment:
      DATABASE_URL: postgresql+psycopg://shop@db/shop
    deploy:
      replicas: 3
```

In `shop/main.py`:

```python
import os

from fastapi import FastAPI
from sqlalchemy import create_engine

app = FastAPI()
engine = create_engine(os.environ["DATABASE_URL"], pool_size=10)
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the pools may open 240 connections, and `db` takes 100
```

Give each pool its share (`pool_size=5, max_overflow=3` above), raise `max_connections` as far as the memory of the server
allows, or put PgBouncer in between.

## Not reported

Anything of which a factor is not known counts as one; servers that are not in the same Compose file; projects that
speak of a pooler.  A synchronous worker of gunicorn uses one connection for each thread, however large its pool.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers.facts.deployed import Deployed, deployed
from backend_analyzers.facts.openings import Opening, Openings, names_pooler, openings
from backend_analyzers.facts.paths import is_migration, is_test, is_tool
from backend_analyzers.facts.worker_settings import worker_settings
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(770, 400),
    controls=("OWASP API4:2023",),
)
def pool_exceeds_server(workspace: Workspace) -> Iterator[Finding]:
    composed = {path: some for path, some in workspace.each(deployed).items() if some}
    if not composed or any(workspace.each(names_pooler).values()):
        return
    opened = workspace.each(openings)
    settings = workspace.each(worker_settings)
    for path, services in composed.items():
        servers = [one for one in services if one.limit is not None]
        if is_test(path) or len(servers) != 1:
            continue
        shares = [
            share
            for service in services
            if (share := _share(service, servers[0], opened, settings)) is not None
        ]
        total = sum(share.total for share in shares)
        limit = servers[0].limit or 0
        if shares and total > limit:
            yield _finding(servers[0], limit, shares, total)


class _Share(msgspec.Struct, frozen=True):
    """What one service may open."""

    service: Deployed
    pools: tuple[Opening, ...]
    each: int
    workers: int
    replicas: int

    @property
    def total(self) -> int:
        return self.each * self.workers * self.replicas


def _share(
    service: Deployed,
    server: Deployed,
    opened: Mapping[str, Openings],
    settings: Mapping[str, dict[str, int]],
) -> _Share | None:
    if service.folder is None or service is server or not _reaches(service, server):
        return None
    prefix = f"{service.folder}/" if service.folder else ""
    pools = tuple(
        one
        for path, found in opened.items()
        if path.startswith(prefix) and not (is_test(path) or is_migration(path) or is_tool(path))
        for one in found.opened
        if one.is_pool and one.most and not (one.is_local or one.is_conditional)
    )
    if not pools:
        return None
    workers, threads = service.workers, service.threads
    for path, found in settings.items():
        if path.startswith(prefix) and found:
            workers = workers or found.get("workers")
            threads = found.get("threads", threads)
    each = sum(one.most or 0 for one in pools)
    if threads is not None and threads > 0:
        each = min(each, threads)
    return _Share(service, pools, each, max(workers or 1, 1), max(service.replicas or 1, 1))


_URL = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?://[^\s]*?(?:@|//)(?P<host>[\w.-]+)(?=[:/?]|$)"
)


def _reaches(service: Deployed, server: Deployed) -> bool:
    """Whether the service's environment names the server."""
    for said in service.speaks:
        found = _URL.search(said)
        if found is not None:
            return found["host"] == server.name
    return any(
        key.upper().endswith("HOST") and value == server.name
        for key, _, value in (said.partition("=") for said in service.speaks)
    )


def _finding(server: Deployed, limit: int, shares: list[_Share], total: int) -> Finding:
    largest = max(shares, key=lambda share: share.total)
    pool = max(largest.pools, key=lambda one: one.most or 0)
    sums = " + ".join(f"{s.each} x {s.workers} x {s.replicas}" for s in shares)
    return Finding(
        at=pool.place,
        message=f"the pools may open {total} connections, and `{server.name}` takes {limit}",
        help="Give each pool its share of what the server takes, or put a pooler in between.",
        related=(
            Related(server.at, f"takes {limit} connections"),
            *(Related(share.service.at, _said(share)) for share in shares),
        ),
        evidence={"connections": f"{sums} = {total}", "factors": "pool x workers x replicas"},
    )


def _said(share: _Share) -> str:
    containers = f"{share.replicas} container{'s' if share.replicas > 1 else ''}"
    return f"{containers} with {share.workers} worker{'s' if share.workers > 1 else ''} each"
