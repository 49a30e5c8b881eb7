"""The settings, each declared once: name, type, default, limits and documentation.

Reading them (`backend_engineer.configuration`), the JSON schema and `docs/settings.md` all follow
from the fields below.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Severity = Literal["error", "warning", "hint"]
Confidence = Literal["high", "medium", "low"]
Names = tuple[Annotated[str, Meta(min_length=1)], ...]
Globs = tuple[Annotated[str, Meta(min_length=1)], ...]

CONFIGURATION_FILE = "backend-engineer.toml"


class LspSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the language server behaves."""

    debounce: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="How many milliseconds the server waits after the last keystroke before it "
            "runs the rules that read the whole workspace. Rules that read one file do not wait.",
        ),
    ] = 150
    workspace_diagnostics: Annotated[
        bool,
        Meta(description="Report findings in files that are not open in the editor, too."),
    ] = False
    code_lens: Annotated[
        bool,
        Meta(
            description="Show the plan of each query in a line above it: its most costly step, its "
            "cost, and what the cost could be. Only where costs are known (`[planner]`)."
        ),
    ] = True
    trace: Annotated[
        Literal["off", "messages", "verbose"],
        Meta(
            description="What the server writes to the editor's log about its own work: nothing, "
            "one line for each request, or also how long each step took."
        ),
    ] = "off"


class PlannerSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The private PostgreSQL that plans queries and watches migrations, with no data in it."""

    enabled: Annotated[
        bool,
        Meta(
            description="Whether to start it at all. Without it queries have no plans, and migrations "
            "are not watched for locks and rewrites."
        ),
    ] = True
    binaries: Annotated[
        str,
        Meta(
            description="The folder with the programs `postgres` and `initdb` to use. When empty, those "
            "that come with this program, or else PostgreSQL as installed on this machine. Version 18 "
            "or newer for statistics."
        ),
    ] = ""
    statistics: Annotated[
        str,
        Meta(
            description="A file with the statistics of production, relative to the project: what "
            "`pg_dump --statistics-only` wrote, or what the query of `backend-engineer planner "
            "statistics` gave. Without it, costs are not shown."
        ),
    ] = ""
    btree_heights: Annotated[
        str,
        Meta(
            description="A JSON file with the height of each B-tree index in production, by name. When "
            "empty, heights are estimated."
        ),
    ] = ""
    rows: Annotated[
        dict[str, Annotated[int, Meta(ge=0)]],
        Meta(
            description="How many rows tables hold in production, by name: `[planner.rows]` and "
            "`orders = 5_000_000`. For tables that the statistics do not know."
        ),
    ] = msgspec.field(default_factory=dict)
    database_url_env: Annotated[
        str,
        Meta(
            description="The name of an environment variable with the URL of a real database. Only "
            "EXPLAIN and catalogue queries run there, in read-only transactions with a time limit."
        ),
    ] = ""
    timeout: Annotated[
        int,
        Meta(ge=100, le=600_000, description="Milliseconds after which a statement is stopped."),
    ] = 5_000


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person can choose for one project."""

    select: Annotated[
        Names,
        Meta(
            description="The rules to run, by name or by group (`api`, `architecture`, `database`, "
            "`security`). When empty, all rules run."
        ),
    ] = ()
    ignore: Annotated[
        Names,
        Meta(description="The rules to leave out, by name or by group. Wins over `select`."),
    ] = ()
    severity: Annotated[
        Severity,
        Meta(description="The least severity that is reported: `hint` reports everything."),
    ] = "hint"
    confidence: Annotated[
        Confidence,
        Meta(
            description="The least confidence that is reported. `low` adds findings that are "
            "often wrong."
        ),
    ] = "medium"
    severities: Annotated[
        dict[str, Literal["error", "warning", "hint", "off"]],
        Meta(
            description="A severity of your own for a rule: "
            '`severities = { select-star = "hint" }`. `off` leaves the rule out.'
        ),
    ] = msgspec.field(default_factory=dict)
    include: Annotated[
        Globs,
        Meta(
            description="Patterns, as in `.gitignore`, of the files to read. When empty, all files "
            "in a language that the engine knows."
        ),
    ] = ()
    exclude: Annotated[
        Globs,
        Meta(
            description="Patterns, as in `.gitignore`, of files not to read at all, in addition to "
            "what the project's ignore files name."
        ),
    ] = ()
    per_path_ignores: Annotated[
        dict[str, Names],
        Meta(
            description="Rules to leave out in some files: a table from patterns, as in "
            "`.gitignore`, to names of rules or groups. The files are still read, as parts of the "
            "model."
        ),
    ] = msgspec.field(default_factory=dict)
    tests: Annotated[
        bool,
        Meta(description="Report findings in the project's own tests, too."),
    ] = False
    jobs: Annotated[
        int,
        Meta(ge=0, le=1024, description="How many processes read files; 0 is one for each core."),
    ] = 0
    max_file_size: Annotated[
        int,
        Meta(
            ge=0,
            description="Files of more bytes than this are skipped, with a note; 0 is 2 MB for code "
            "and 64 MB for SQL.",
        ),
    ] = 0
    cache: Annotated[
        bool | str,
        Meta(
            description="Keep what was found out about each file: `true` in the user's cache "
            "folder, a path in that folder (relative to the project), `false` nowhere."
        ),
    ] = True
    dialect: Annotated[
        Literal["auto", "postgresql", "mysql", "sqlite"],
        Meta(
            description="The SQL dialect of `.sql` files; `auto` judges each by its text. Queries in "
            "code have the dialect of the library that runs them."
        ),
    ] = "auto"
    base: Annotated[
        str,
        Meta(
            description="The git revision that work starts from, such as `origin/main`: what has changed "
            "since is what rules about migrations look at, and what plans are compared with, in the "
            "editor, too. `check --since` goes first. When empty, nothing is compared without that."
        ),
    ] = ""
    recent_migrations: Annotated[
        int,
        Meta(
            ge=0,
            description="How many migrations at the end of each branch of a history (an app of Django, a "
            "folder) are taken for not shipped yet, and so are reviewed; 0 is all of them. With `base` or "
            "`check --since` it is those that have changed since then instead.",
        ),
    ] = 3
    planner: Annotated[
        PlannerSettings,
        Meta(description="The private PostgreSQL that plans queries and watches migrations."),
    ] = PlannerSettings()
    lsp: Annotated[LspSettings, Meta(description="How the language server behaves.")] = (
        LspSettings()
    )
