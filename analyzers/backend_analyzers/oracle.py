"""Questions that only a database can answer, and the answers, both as values.

Rules and facts are pure, so they cannot ask PostgreSQL.  They call `Workspace.answer` with a question
and get the answer, or None while nobody has given one: unknown, of which no finding follows.  The
server takes what is unanswered (`Workspace.unanswered`), asks its planner, and makes the next snapshot
with the answers.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from typing import Literal

import msgspec

Evidence = Literal["full", "sizes", "none"]
"""What stands behind a cost: statistics of values, sizes of tables alone, or nothing."""

Lock = Literal[
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
]
"""The modes of PostgreSQL's table locks, weakest first."""


class Script(msgspec.Struct, frozen=True, dict=True):
    """The statements that make a schema, in order.  Equal scripts make equal databases."""

    statements: tuple[str, ...]
    dialect: Literal["postgresql", "mysql", "sqlite"] = "postgresql"

    @cached_property
    def digest(self) -> str:
        """Identifies the script: 32 hexadecimal digits."""
        hashed = blake2b(digest_size=16, person=self.dialect.encode())
        for statement in self.statements:
            hashed.update(statement.encode(errors="replace") + b"\0")
        return hashed.hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)


class Explain(msgspec.Struct, frozen=True, tag="explain", tag_field="ask"):
    """How is this query planned in this schema, at the size of production?"""

    script: Script
    sql: str


class Advise(msgspec.Struct, frozen=True, tag="advise", tag_field="ask"):
    """What would make this query cheaper: which index, which other way to write it?

    `rewrites` are other texts that should give the same rows; only those that do are in the answer.
    """

    script: Script
    sql: str
    rewrites: tuple[str, ...] = ()


class Compare(msgspec.Struct, frozen=True, tag="compare", tag_field="ask"):
    """Do two queries give the same rows whatever the tables hold?"""

    script: Script
    one: str
    other: str


class Step(msgspec.Struct, frozen=True, gc=False):
    """One migration: its statements, run in one transaction or one by one."""

    statements: tuple[str, ...]
    transaction: bool = True
    watched: bool = True
    """Whether the answer is to say what its statements do; the others only lead up to those."""


class Replay(msgspec.Struct, frozen=True, tag="replay", tag_field="ask"):
    """What does each statement of these migrations, run in order, do to the tables before it?"""

    steps: tuple[Step, ...]


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What a statement does to a table (or index) that was there before its migration began."""

    table: str
    """As PostgreSQL says it: `orders`, or `sales.orders` outside the search path."""
    lock: Lock
    rewrites: bool = False
    scans: bool = False
    drops: bool = False


class Observed(msgspec.Struct, frozen=True, gc=False):
    """What one statement does.  `error` says why it did not run; then nothing else is known.

    `assumed` are the tables and columns that nothing declares, made up so that it could run.
    """

    effects: tuple[Effect, ...] = ()
    error: str = ""
    assumed: tuple[str, ...] = ()
    made_up: tuple[str, ...] = ()
    """The tables among them, as `Effect.table` says them."""


class Replayed(msgspec.Struct, frozen=True, tag="replayed", tag_field="answer"):
    """For each step what its statements do; empty for the steps that are not watched."""

    steps: tuple[tuple[Observed, ...], ...]


class Planned(msgspec.Struct, frozen=True, tag="planned", tag_field="answer"):
    """A plan.  `plan` is the JSON text of the top node of `EXPLAIN (FORMAT JSON)`, "" after an error.

    `cost` is None without evidence: the numbers in the plan then mean nothing.
    """

    evidence: Evidence
    plan: str = ""
    cost: float | None = None
    error: str = ""
    note: str = ""
    """What a person should know of it besides the evidence: that it is approximate, and why."""


Verdict = Literal["proved", "agreed", "refuted", "inconclusive"]
"""`agreed`: no difference on generated data that gave rows.  `inconclusive`: never offered."""


class Compared(msgspec.Struct, frozen=True, tag="compared", tag_field="answer"):
    """Whether two queries are the same, and how that is known, in words for a person."""

    verdict: Verdict
    reason: str
    rounds: int = 0


class Advice(msgspec.Struct, frozen=True, gc=False):
    """One way to make a query cheaper: an index (`ddl`) or another text (`sql`), never both.

    Costs are None without evidence: then the order of the advice is all that is known.
    """

    title: str
    ddl: str = ""
    sql: str = ""
    cost_before: float | None = None
    cost_after: float | None = None
    proof: str = ""
    """Why it is right and what it was measured on, in words for a person."""


class Advised(msgspec.Struct, frozen=True, tag="advised", tag_field="answer"):
    """The plan of a query and the advice for it, best first."""

    planned: Planned
    advice: tuple[Advice, ...] = ()


class Failed(msgspec.Struct, frozen=True, tag="failed", tag_field="answer"):
    """The question cannot be answered here, and asking again would not help."""

    reason: str


Question = Explain | Advise | Compare | Replay
Answer = Planned | Advised | Compared | Replayed | Failed
