"""Neovim's own language client, the plugin and the server: findings, hover, fixes on disk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.neovim import SERVER, Neovim, neovim, wait_for
from tests.storefront import SHOP, planted

pytestmark = pytest.mark.e2e

SCHEMA = """\
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL,
    created_at timestamptz NOT NULL
);
"""
APP = """\
import sqlite3


def newest(connection: sqlite3.Connection) -> list[tuple[int, str, str]]:
    # Größe: the findings come after what is not ASCII.
    query = "SELECT * FROM users ORDER BY created_at DESC LIMIT 10"
    return connection.execute(query).fetchall()
"""
NAMED = "SELECT id, email, created_at FROM users ORDER BY created_at DESC LIMIT 10"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project, in a folder whose name has a blank."""
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "backend-engineer.toml").write_text('dialect = "postgresql"\n', "utf-8")
    (folder / "schema.sql").write_text(SCHEMA, "utf-8")
    (folder / "app.py").write_text(APP, "utf-8")
    return folder


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Neovim]:
    with neovim(tmp_path / "home", {"BACKEND_ENGINEER": SERVER}) as started:
        started.lua("require('backend_engineer').setup()")
        yield started


def test_a_finding_is_shown_explained_fixed_and_saved(editor: Neovim, project: Path) -> None:
    editor.open(project / "app.py")
    wait_for("the finding", lambda: editor.rules() == {(5, "select-star")})

    editor.go_to(5, 20)
    editor.type("K")
    shown = wait_for("the hover", editor.floating)
    assert "select-star" in shown
    assert "users" in shown

    # `gra` asks which; the first is the one that is proved.
    editor.lua("vim.ui.select = function(items, _, choose) choose(items[1], 1) end")
    editor.type("gra")
    wait_for("the fix", lambda: NAMED in editor.lines[5])
    wait_for("no finding", lambda: not editor.findings())
    editor.command("write")
    assert (project / "app.py").read_text("utf-8") == APP.replace(
        "SELECT * FROM users ORDER BY created_at DESC LIMIT 10", NAMED
    )


def test_all_fixes_of_a_buffer_by_one_command(editor: Neovim, project: Path) -> None:
    twice = APP + APP.partition("\n\n\n")[2].replace("newest", "latest")
    (project / "app.py").write_text(twice, "utf-8")
    editor.open(project / "app.py")
    wait_for("two findings", lambda: len(editor.findings()) == 2)
    editor.command("BackendEngineerFixAll")
    wait_for("no finding", lambda: not editor.findings())
    editor.command("write")
    assert (project / "app.py").read_text("utf-8").count(NAMED) == 2


def test_findings_follow_what_is_typed(editor: Neovim, project: Path) -> None:
    editor.open(project / "app.py")
    wait_for("the finding", lambda: editor.rules() == {(5, "select-star")})
    # A line above moves it; a line that is half typed does not take it away.
    editor.type("ggOimport json<Esc>Go<Esc>idef half(<Esc>")
    wait_for("the moved finding", lambda: editor.rules() == {(6, "select-star")})
    assert editor.lines[-1].endswith("def half(")
    editor.type("uu")
    editor.go_to(5, 0)
    editor.type("/\\*<CR>cwid<Esc>")
    wait_for("no finding", lambda: not editor.findings())


def test_the_schema_is_found_from_the_query_and_back(editor: Neovim, project: Path) -> None:
    editor.open(project / "app.py")
    wait_for("the finding", editor.findings)
    editor.go_to(5, APP.splitlines()[5].encode().index(b"users"))
    editor.type("<C-]>")
    wait_for("the schema", lambda: editor.session.current.buffer.name.endswith("schema.sql"))
    assert editor.session.current.window.cursor[0] == 1


def test_the_example_shop_shows_its_planted_defects(editor: Neovim, tmp_path: Path) -> None:
    shop = shutil.copytree(SHOP, tmp_path / "storefront")
    (shop / "backend-engineer.toml").touch()
    for path in sorted({path for path, _, _ in planted()}):
        marked = {(line, rule) for file, line, rule in planted() if file == path}
        editor.open(shop / path)
        _wait_for_rules(editor, marked)
    assert len(editor.clients()) == 1


def test_health_has_no_complaint(editor: Neovim, project: Path) -> None:
    editor.open(project / "app.py")
    wait_for("the finding", editor.findings)
    editor.command("BackendEngineerInfo")
    report = editor.text_with("attached")
    assert "ERROR" not in report
    assert "WARNING" not in report
    assert "$BACKEND_ENGINEER" in report
    assert "backend-engineer 0." in report
    assert str(project) in report


def test_restarting_brings_the_findings_back(editor: Neovim, project: Path) -> None:
    editor.open(project / "app.py")
    wait_for("the finding", editor.findings)
    first = editor.clients()
    editor.command("BackendEngineerRestart")
    wait_for("another server", lambda: (now := editor.clients()) and now != first)
    wait_for("the finding again", lambda: editor.rules() == {(5, "select-star")})
    assert len(editor.clients()) == 1


def test_a_rule_is_explained_in_a_window(editor: Neovim, project: Path) -> None:
    editor.open(project / "app.py")
    wait_for("the finding", editor.findings)
    editor.go_to(5, 0)
    editor.command("BackendEngineerExplain")
    wait_for("the page", lambda: editor.lines[0] == "# select-star")
    assert editor.session.current.buffer.options["filetype"] == "markdown"


def test_settings_reach_the_server(tmp_path: Path, project: Path) -> None:
    with neovim(tmp_path / "home", {"BACKEND_ENGINEER": SERVER}) as editor:
        editor.lua(
            "require('backend_engineer').setup({ settings = { severities = { ['select-star'] = 'error' } } })"
        )
        editor.open(project / "app.py")
        wait_for("the finding", editor.findings)
        assert editor.lua("return vim.diagnostic.get(0)[1].severity") == 1


def test_what_is_wrong_in_the_configuration_is_in_the_log(editor: Neovim, project: Path) -> None:
    (project / "backend-engineer.toml").write_text('dialekt = "postgresql"\n', "utf-8")
    editor.open(project / "app.py")
    wait_for("the finding", editor.findings)
    editor.command("BackendEngineerLog")
    assert any("dialekt" in line for line in editor.lines), editor.lines


def test_the_server_is_looked_for_in_the_environments_that_the_user_chose(
    tmp_path: Path, project: Path
) -> None:
    active = _environment(tmp_path / "active")
    untrusted = _environment(project / ".venv")
    nothing = {"PATH": "/usr/bin:/bin"}
    command = "return { require('backend_engineer').command() }"
    with neovim(tmp_path / "home", nothing) as editor:
        editor.command(f"cd {editor.session.funcs.fnameescape(str(project))}")
        # Nobody has said that programs of this folder may run.
        assert editor.lua(command) == [None, "nowhere"]
        editor.command("checkhealth backend_engineer")
        report = editor.text_with("WARN")
        assert "ERROR the server is not installed" in report
        assert "project_environment = true" in report
        editor.lua(
            "require('backend_engineer').setup({ project_environment = true, enable = false })"
        )
        assert editor.lua(command)[0] == [str(untrusted), "-I", "-m", "backend_engineer", "lsp"]
        editor.lua("vim.env.VIRTUAL_ENV = ...", str(tmp_path / "active"))
        assert editor.lua(command)[0] == [str(active), "-I", "-m", "backend_engineer", "lsp"]
        editor.lua("vim.env.BACKEND_ENGINEER = ...", '"/my tools/python" -m backend_engineer lsp')
        assert editor.lua(command)[0] == ["/my tools/python", "-m", "backend_engineer", "lsp"]
        editor.lua("require('backend_engineer').setup({ cmd = { 'mine' }, enable = false })")
        assert editor.lua(command)[0] == ["mine"]


def test_a_server_on_the_path_starts_isolated(tmp_path: Path, project: Path) -> None:
    """As pipx and uv install it: a link to a script in an environment of its own."""
    python = _environment(tmp_path / "pipx")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "backend-engineer").symlink_to(python.parent / "backend-engineer")
    with neovim(tmp_path / "home", {"PATH": f"{programs}:/usr/bin:/bin"}) as editor:
        editor.lua("require('backend_engineer').setup()")
        found = editor.lua("return { require('backend_engineer').command() }")
        assert found == [[str(python), "-I", "-m", "backend_engineer", "lsp"], "$PATH"]
        editor.open(project / "app.py")
        wait_for("the finding", lambda: editor.rules() == {(5, "select-star")})


def test_enabling_it_as_any_other_server_is_enough(tmp_path: Path, project: Path) -> None:
    with neovim(tmp_path / "home", {"BACKEND_ENGINEER": SERVER}) as editor:
        editor.lua("vim.lsp.enable('backend_engineer')")
        editor.open(project / "app.py")
        wait_for("the finding", lambda: editor.rules() == {(5, "select-star")})
        # The commands come with the plugin, and so do the help tags.
        assert editor.session.funcs.exists(":BackendEngineerRestart") == 2


def _wait_for_rules(editor: Neovim, expected: set[tuple[int, str]]) -> None:
    wait_for(f"{sorted(expected)}", lambda: editor.rules() == expected)


def _environment(folder: Path) -> Path:
    """A Python environment with the server in it; its Python."""
    installed = Path(sys.executable).parent
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n", "utf-8")
    for name, target in (
        ("python", Path(sys.executable)),
        ("backend-engineer", installed / "backend-engineer"),
    ):
        # A wrapper, not a link: Python finds its packages beside the name by which it is called.
        (programs / name).write_text(f'#!/bin/sh\nexec "{target}" "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    return programs / "python"
