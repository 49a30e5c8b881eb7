"""The commands and their options, as cyclopts reads them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter
from rich.console import Console

from backend_engineer.cli.failure import Failure

Format = Literal["text", "json", "sarif", "github", "gitlab", "junit"]
Names = Annotated[
    tuple[str, ...], Parameter(negative=(), consume_multiple=False, show_default=False)
]
Switch = Parameter(negative=(), show_default=False)

_CHOOSE = Group("What is reported", sort_key=1)
_FIX = Group("Fixing", sort_key=2)
_OUTPUT = Group("Output", sort_key=3)
_RUN = Group("Running", sort_key=4)

app = App(
    name="backend-engineer",
    help="Reviews backends: routes, queries, schema and calls as one model.",
    version=f"backend-engineer {version('backend-engineer')}",
    version_flags=["--version", "-V"],
    help_format="markdown",
    suppress_keyboard_interrupt=False,
    help_epilogue="Exit codes: 0 clean, 1 findings, 2 wrong options or configuration, "
    "3 a defect of this program.",
)


def dispatch(arguments: Sequence[str]) -> int:
    """Run the command that `arguments` name and return its exit code."""
    errors = Console(stderr=True)
    try:
        result = app(
            list(arguments),
            exit_on_error=False,
            print_error=False,
            error_console=errors,
            result_action="return_value",
        )
    except CycloptsError as error:
        text = " ".join(str(error).split())
        raise Failure(f"{text} (`backend-engineer --help` lists commands and options)") from None
    return result if isinstance(result, int) else 0


@app.command
def check(
    paths: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (),
    /,
    *,
    select: Annotated[Names, Parameter(group=_CHOOSE)] = (),
    ignore: Annotated[Names, Parameter(group=_CHOOSE)] = (),
    severity: Annotated[
        Literal["error", "warning", "hint"] | None, Parameter(group=_CHOOSE)
    ] = None,
    confidence: Annotated[Literal["high", "medium", "low"] | None, Parameter(group=_CHOOSE)] = None,
    since: Annotated[str | None, Parameter(group=_CHOOSE)] = None,
    baseline: Annotated[Path | None, Parameter(group=_CHOOSE)] = None,
    write_baseline: Annotated[bool, Switch, Parameter(group=_CHOOSE)] = False,
    fix: Annotated[bool, Switch, Parameter(group=_FIX)] = False,
    diff: Annotated[bool, Switch, Parameter(group=_FIX)] = False,
    format: Annotated[Format, Parameter(group=_OUTPUT)] = "text",  # noqa: A002 - the option
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], group=_OUTPUT)] = None,
    statistics: Annotated[bool, Switch, Parameter(group=_OUTPUT)] = False,
    color: Annotated[Literal["auto", "always", "never"], Parameter(group=_OUTPUT)] = "auto",
    exit_zero: Annotated[bool, Switch, Parameter(group=_OUTPUT)] = False,
    jobs: Annotated[int | None, Parameter(group=_RUN)] = None,
    no_cache: Annotated[bool, Switch, Parameter(group=_RUN)] = False,
) -> int:
    """Review a backend and report what is wrong with it.

    Parameters
    ----------
    paths
        The folder of a backend, or files and folders in it to report on. The whole project around
        them is read. Without any, the current folder.
    select
        Run only these rules or groups; several with commas, or repeat the option.
    ignore
        Leave out these rules or groups.
    severity
        The least severity to report.
    confidence
        The least confidence to report; medium by default.
    since
        Report only what touches lines changed since this revision of git, new files included.
    baseline
        Leave out the findings that this file lists.
    write_baseline
        Write the findings of now to the file of --baseline.
    fix
        Apply the fixes that are proved to hold.
    diff
        Print what --fix would change, and change nothing.
    format
        How to print the findings.
    output
        Write them to this file instead of standard output.
    statistics
        Also print how many findings each rule has.
    color
        Colour text when printing to a terminal, always or never.
    exit_zero
        Exit with 0 also when there are findings.
    jobs
        How many processes read files; one for each core by default.
    no_cache
        Neither use nor write what was found out in earlier runs.
    """
    from backend_engineer.cli.check import Choices, check_project  # noqa: PLC0415 - start-up

    if jobs is not None and jobs < 0:
        raise Failure(f"--jobs: expected 0 (one for each core) or more, got {jobs}")
    return check_project(
        Choices(
            paths=paths or (Path(),),
            select=_split(select),
            ignore=_split(ignore),
            severity=severity,
            confidence=confidence,
            since=since,
            baseline=baseline,
            write_baseline=write_baseline,
            fix=fix,
            diff=diff,
            format=format,
            output=output,
            statistics=statistics,
            color=color,
            exit_zero=exit_zero,
            jobs=jobs,
            no_cache=no_cache,
        )
    )


@app.command
def explain(
    rule: str | None = None, /, *, everything: Annotated[bool, Switch, Parameter("--all")] = False
) -> int:
    """Print the page of a rule: what it reports, why that matters, and what to do.

    Parameters
    ----------
    rule
        The name of the rule.
    everything
        Print the pages of all rules.
    """
    from backend_engineer.cli.explain import explain_rules  # noqa: PLC0415 - start-up

    return explain_rules(rule, everything=everything)


@app.command
def model(
    part: Literal["routes", "tables", "queries"],
    path: Path = Path(),
    /,
    *,
    format: Literal["table", "json", "mermaid"] = "table",  # noqa: A002 - the option
    profile: Annotated[bool, Switch] = False,
) -> int:
    """Print what is known of a backend.

    Parameters
    ----------
    part
        Which part of the model.
    path
        The folder of the backend, or a part of it.
    format
        A table for people, JSON, or for tables a diagram in Mermaid.
    profile
        Look at a sample of the rows of each table, in the database of `[planner] database_url_env`, for
        columns that depend on others. It only reads, counts and says no value.
    """
    from backend_engineer.cli.model import print_model  # noqa: PLC0415 - start-up

    return print_model(part, path, form=format, profile=profile)


@app.command
def plan(
    where: str | None = None,
    /,
    *,
    sql: str | None = None,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the option
) -> int:
    """Plan a query as production would, and say what makes it cheaper.

    Parameters
    ----------
    where
        A query of the project, as FILE:LINE. With --sql, the folder of the project.
    sql
        The text of a query, instead of one in a file.
    format
        A tree for people, or JSON.
    """
    from backend_engineer.cli.plan import print_plan  # noqa: PLC0415 - start-up

    return print_plan(where, sql, as_json=format == "json")


planner = App(name="planner", help="The PostgreSQL behind `plan`: its statistics and its state.")
app.command(planner)


@planner.command
def statistics(
    *,
    values: Annotated[bool, Parameter(negative="--no-values")] = True,
    heights: Annotated[bool, Switch] = False,
) -> int:
    """Print the query to run in production, whose answer is the file for `[planner] statistics`.

    Parameters
    ----------
    values
        Export the most common values of columns too; without them no value of a row leaves
        production, and plans are less exact.
    heights
        Export the heights of indexes too; needs the extension pageinspect.
    """
    from backend_engineer.cli.planner import print_statistics  # noqa: PLC0415 - start-up

    return print_statistics(values=values, heights=heights)


@planner.command
def status(
    path: Path = Path(),
    /,
    *,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the option
) -> int:
    """Start the planner of a project and say which PostgreSQL it is, where, and what it knows.

    Parameters
    ----------
    path
        The folder of the project.
    format
        Lines for people, or JSON.
    """
    from backend_engineer.cli.planner import print_status  # noqa: PLC0415 - start-up

    return print_status(path, as_json=format == "json")


@planner.command
def indexes(
    path: Path = Path(),
    /,
    *,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the option
) -> int:
    """Find the few indexes that make all queries of a project cheaper together.

    Parameters
    ----------
    path
        The folder of the project, or a part of it.
    format
        Lines for people, or JSON.
    """
    from backend_engineer.cli.planner import print_indexes  # noqa: PLC0415 - start-up

    return print_indexes(path, as_json=format == "json")


@app.command
def doctor(path: Path = Path(), /) -> int:
    """Check this installation and the configuration of a project, and say what is wrong.

    Parameters
    ----------
    path
        The folder of the project.
    """
    from backend_engineer.doctor import examine  # noqa: PLC0415 - start-up

    return examine(path)


@app.command
def lsp(*, stdio: Annotated[bool, Switch] = True, tcp: str | None = None) -> int:  # noqa: ARG001
    """Start the language server; editors do this.

    Parameters
    ----------
    stdio
        Speak over standard input and output.
    tcp
        Listen at HOST:PORT instead, for debugging.
    """
    raise AssertionError("`__main__` starts the server before the command line is imported")


def _split(names: tuple[str, ...]) -> tuple[str, ...]:
    """`--select a,b --select c` are three names."""
    return tuple(name.strip() for listed in names for name in listed.split(",") if name.strip())
