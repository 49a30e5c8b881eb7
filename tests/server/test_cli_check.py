"""`check`: what is reported, how it is chosen, and what the exit code says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from backend_engineer import cli
from tests.server.command import USELESS, Shell


def test_a_clean_project_exits_with_0(shell: Shell) -> None:
    shell.write("a.py", "x = 1\n")
    ran = shell.run("check")
    assert (ran.code, ran.out, ran.err) == (0, "No findings in 1 file.\n", "")


def test_findings_exit_with_1_and_are_shown_with_their_lines(shell: Shell) -> None:
    shell.write("sub/a.py", "y = 2\n" + USELESS)
    ran = shell.run("check", ".")
    assert ran.code == 1
    assert "sub/a.py:2:8 hint useless-suppression" in ran.out
    assert "2 | x = 1  # backend: ignore[sql-injection] long gone" in ran.out
    assert "Found 1 hint in 1 file." in ran.out
    assert shell.run("check", "--exit-zero").code == 0


def test_an_empty_folder_is_clean(shell: Shell) -> None:
    assert shell.run("check").out == "No findings in 0 files.\n"


def test_json_paths_start_at_the_root_wherever_the_program_runs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.write("shop/backend-engineer.toml", "")
    shell.write("shop/api/a.py", USELESS)
    assert shell.check("shop").places == ["api/a.py:1"]
    assert shell.check("shop/api").places == ["api/a.py:1"]
    monkeypatch.chdir(shell.folder / "shop" / "api")
    assert shell.check().places == ["api/a.py:1"]


def test_only_what_was_named_is_reported_but_everything_is_read(shell: Shell) -> None:
    shell.write("backend-engineer.toml", "")
    for path in ("a.py", "b.py", "sub/c.py", "sub2/d.py"):
        shell.write(path, USELESS)
    assert shell.check("a.py").places == ["a.py:1"]
    assert shell.check("sub").places == ["sub/c.py:1"]
    ran = shell.check("a.py", "sub")
    assert ran.places == ["a.py:1", "sub/c.py:1"]
    assert ran.document["summary"]["files"] == 2


def test_tests_are_reported_on_only_when_they_are_named(shell: Shell) -> None:
    shell.write("pyproject.toml", "")
    shell.write("app.py", USELESS)
    shell.write("tests/test_app.py", USELESS)

    assert shell.check(".").places == ["app.py:1"]
    assert shell.check("tests").places == ["tests/test_app.py:1"]
    assert shell.check("tests/test_app.py").places == ["tests/test_app.py:1"]


def test_a_named_file_is_read_even_when_it_is_ignored(shell: Shell) -> None:
    shell.write(".gitignore", "a.py\n")
    shell.write("a.py", USELESS)
    assert shell.check().places == []
    assert shell.check("a.py").places == ["a.py:1"]


def test_a_named_folder_is_read_even_when_its_project_ignores_it(shell: Shell) -> None:
    shell.write("package.json", "{}")
    shell.write("app.js", "const x = 1;\n")
    shell.write("node_modules/thing/a.py", USELESS)
    assert shell.check("node_modules/thing").places == ["a.py:1"]


def test_a_named_file_in_no_known_language_is_skipped_with_a_note(shell: Shell) -> None:
    shell.write("notes.md", "hello")
    ran = shell.run("check", "notes.md")
    assert ran.code == 0
    assert "Skipped notes.md: in no language that is read." in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "nowhere"), "`nowhere` does not exist"),
        (("check", "--formt", "json"), "--format"),
        (("check", "--format", "xml"), "xml"),
        (("check", "--jobs", "-1"), "--jobs: expected 0 (one for each core) or more, got -1"),
        (("check", "--select", "sql-injektion"), "there is no rule or group `sql-injektion`"),
        (("check", "--write-baseline"), "name the file to write with --baseline FILE"),
        (("check", "--baseline", "none.json"), "`none.json` does not exist"),
        (("check", "--since", "HEAD"), "--since: `HEAD` is no revision"),
        (("check", "--output", "no/such/folder"), "`no/such/folder` cannot be written"),
        (("explain",), "name a rule, or ask for --all"),
        (("explain", "useles-suppression"), "did you mean `useless-suppression`?"),
        (("model", "tabels"), "tabels"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_was_expected(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    ran = shell.run(*arguments)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_a_wrong_configuration_exits_with_2_and_names_every_problem(shell: Shell) -> None:
    shell.write("backend-engineer.toml", 'jobs = "many"\nselect = ["nope"]\n')
    ran = shell.run("check")
    assert ran.code == 2
    assert "backend-engineer.toml, line 1, column 1: `jobs`" in ran.err
    assert "line 2, column 11: `select`: there is no rule or group `nope`" in ran.err


def test_rules_are_chosen_by_name_group_severity_and_option_over_file(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    assert shell.check("--select", "useless-suppression").places == ["a.py:1"]
    assert shell.check("--select", "security,database").places == ["a.py:1"]
    assert shell.check("--select", "api").places == []
    assert shell.check("--ignore", "security").places == []
    assert shell.check("--severity", "warning").places == []
    shell.write("backend-engineer.toml", 'ignore = ["useless-suppression"]')
    assert shell.check().places == []
    assert shell.check("--ignore", "api").places == ["a.py:1"]


def test_statistics_count_by_rule(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    assert "useless-suppression         1        1" in shell.run("check", "--statistics").out
    assert "useless-suppression         1        1" in shell.check("--statistics").err


@pytest.mark.parametrize("format", ["text", "json", "sarif", "github", "gitlab", "junit"])
def test_every_format_can_go_to_a_file(shell: Shell, format: str) -> None:  # noqa: A002
    shell.write("a.py", USELESS)
    printed = shell.run("check", "--format", format)
    written = shell.run("check", "--format", format, "-o", "out.txt")
    assert (printed.code, written.code, written.out) == (1, 1, "")
    assert shell.read("out.txt") == printed.out
    assert "useless-suppression" in printed.out


def test_reports_for_a_repository_start_at_the_current_folder(shell: Shell) -> None:
    shell.write("shop/a.py", USELESS)
    assert "file=shop/a.py," in shell.run("check", "shop", "--format", "github").out
    log = json.loads(shell.run("check", "shop", "--format", "sarif").out)
    (run,) = log["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "shop/a.py", "uriBaseId": "SRCROOT"}
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"] == shell.folder.resolve().as_uri() + "/"


def test_a_baseline_hides_what_it_knows_even_when_lines_move(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    wrote = shell.run("check", "--baseline", "known.json", "--write-baseline")
    assert (wrote.code, wrote.err) == (0, "Wrote 1 finding to known.json.\n")
    shell.write("a.py", "y = 2\n\n" + USELESS + "z = 3\n" + USELESS)
    ran = shell.check("--baseline", "known.json")
    assert (ran.code, ran.places) == (1, ["a.py:5"])
    assert ran.document["summary"]["baselined"] == 1
    log = json.loads(shell.run("check", "--format", "sarif", "--baseline", "known.json").out)
    assert [bool(r.get("suppressions")) for r in log["runs"][0]["results"]] == [False, True]


def test_a_baseline_that_is_none_is_refused(shell: Shell) -> None:
    for content in ("", "{}", '{"version": 9, "findings": []}', "\xff"):
        shell.write("known.json", content.encode("latin-1"))
        ran = shell.run("check", "--baseline", "known.json")
        assert ran.code == 2
        assert "write it anew with --write-baseline" in ran.err


def test_since_reports_only_changed_lines_and_new_files(shell: Shell) -> None:
    shell.git("init", "-q")
    shell.write("old.py", USELESS + "y = 2\n")
    shell.write("naïve name.py", "z = 3\n")
    shell.git("add", ".")
    shell.git("commit", "-qm", "one")
    assert shell.check("--since", "HEAD").places == []
    shell.write("old.py", USELESS + "y = 2\n" + USELESS)
    shell.write("naïve name.py", USELESS + "z = 3\n")
    shell.write("sub/new.py", USELESS)
    changed = ["naïve name.py:1", "old.py:3", "sub/new.py:1"]
    assert shell.check("--since", "HEAD").places == changed
    shell.git("add", ".")
    shell.git("commit", "-qm", "two")
    assert shell.check("--since", "HEAD").places == []
    assert shell.check("--since", "HEAD~1").places == changed
    assert shell.check("--since", "HEAD~1", "sub").places == ["sub/new.py:1"]


def test_since_counts_from_where_a_branch_parted(shell: Shell) -> None:
    shell.git("init", "-q", "-b", "main")
    shell.write("a.py", USELESS)
    shell.git("add", ".")
    shell.git("commit", "-qm", "one")
    shell.git("checkout", "-qb", "topic")
    shell.git("checkout", "-q", "main")
    shell.write("a.py", "x = 1\n")
    shell.git("commit", "-qam", "two")
    shell.git("checkout", "-q", "topic")
    assert shell.check("--since", "main").places == []


def test_since_judges_the_migrations_that_are_new_or_edited(shell: Shell) -> None:
    for number, table in enumerate("abcd"):
        create = f"CREATE TABLE {table} (id integer PRIMARY KEY);\n"
        shell.write(f"db/migrations/{number}_größe {table}.sql", create)
    shell.git("init", "-q", "-b", "main")
    shell.git("add", ".")
    shell.git("commit", "-q", "-m", "one")
    shell.write("db/migrations/0_größe a.sql", "CREATE TABLE a (id bigint PRIMARY KEY);\n")
    shell.write("db/migrations/9_new.sql", "DROP INDEX CONCURRENTLY a_id;\nVACUUM a;\n")
    shell.write("db/migrations/8_new.sql", "BEGIN;\nVACUUM a;\nCOMMIT;\n")
    rules = "concurrent-in-transaction,edited-migration"
    assert shell.check("--since", "HEAD", "--select", rules).places == [
        "db/migrations/0_größe a.sql:1",
        "db/migrations/8_new.sql:2",
    ]


def test_recent_migrations_are_those_that_are_judged(shell: Shell) -> None:
    for number in range(5):
        shell.write(f"db/migrations/{number}.sql", "BEGIN;\nVACUUM a;\nCOMMIT;\n")
    select = ("--select", "concurrent-in-transaction")
    assert shell.check(*select).places == [f"db/migrations/{n}.sql:2" for n in (2, 3, 4)]
    shell.write("backend-engineer.toml", "recent_migrations = 1")
    assert shell.check(*select).places == ["db/migrations/4.sql:2"]
    shell.write("backend-engineer.toml", "recent_migrations = 0")
    assert len(shell.check(*select).places) == 5


def test_since_does_not_take_a_revision_for_an_option(shell: Shell) -> None:
    shell.git("init", "-q")
    ran = shell.run("check", "--since=--output=/tmp/x")
    assert ran.code == 2
    assert "is no revision" in ran.err


def test_a_path_that_is_no_utf8_is_skipped_with_a_note(shell: Shell) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    try:
        (shell.folder / name).write_text(USELESS)
    except OSError:
        return  # this file system has no such names
    for format_ in ("text", "json", "sarif", "github", "gitlab", "junit"):
        assert shell.run("check", "--format", format_).code == 0
    (skipped,) = shell.check().document["summary"]["skipped"]
    assert skipped == {"path": "caf?.py", "reason": "its name is no UTF-8"}


def test_output_that_cannot_show_a_character_replaces_it(shell: Shell) -> None:
    shell.write("a.py", 'x = "日本 😀"  # backend: ignore[sql-injection]\n')
    done = subprocess.run(
        [sys.executable, "-I", "-m", "backend_engineer", "check", "--color", "always"],
        cwd=shell.folder,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert b"\x1b[" in done.stdout


def test_a_reader_that_goes_away_is_no_crash(shell: Shell) -> None:
    shell.write("a.py", USELESS * 3000)
    command = [sys.executable, "-I", "-m", "backend_engineer", "check"]
    with subprocess.Popen(
        command, cwd=shell.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == cli.BROKEN_PIPE


def test_an_interrupt_stops_with_130(shell: Shell) -> None:
    shell.write("a.py", USELESS * 40_000)
    shell.write("backend-engineer.toml", 'cache = ".kept"')
    command = [sys.executable, "-I", "-m", "backend_engineer", "check", "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=shell.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        until = time.monotonic() + 30
        while not (shell.folder / ".kept").exists() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"backend-engineer: stopped\n"
        assert process.wait() == cli.INTERRUPTED


def test_a_pipe_that_nobody_writes_to_is_skipped(shell: Shell) -> None:
    os.mkfifo(shell.folder / "a.py")
    (skipped,) = shell.check().document["summary"]["skipped"]
    assert skipped == {"path": "a.py", "reason": "not a regular file"}


def test_a_crash_exits_with_3_and_says_where_the_log_is(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = shell.folder
    monkeypatch.setattr("backend_engineer.cli.commands.dispatch", _raise)
    ran = shell.run("check", str(deep))
    assert ran.code == 3
    assert "failed with ZeroDivisionError" in ran.err
    (log,) = tmp_path.rglob("backend-engineer.log")
    assert str(log) in ran.err
    assert "ZeroDivisionError" in log.read_text()


def _raise(_arguments: object) -> int:
    return 1 // 0


def test_color_is_a_choice(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    assert "\x1b[" in shell.run("check", "--color", "always").out
    assert "\x1b[" not in shell.run("check").out


def test_gitlab_and_json_hold_their_shape(shell: Shell) -> None:
    shell.write("a.py", USELESS)
    issue = {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {"severity": {"enum": ["info", "minor", "major", "critical", "blocker"]}},
    }
    found = json.loads(shell.run("check", "--format", "gitlab").out)
    jsonschema.validate(found, {"type": "array", "minItems": 1, "items": issue})
    (finding,) = shell.check().document["findings"]
    assert finding["fixes"][0]["proved"] is True


def test_the_version_and_the_help_exit_with_0(shell: Shell) -> None:
    assert shell.run("--version").out.startswith("backend-engineer ")
    assert "check" in shell.run("--help").out
    assert shell.run("check", "--help").code == 0
