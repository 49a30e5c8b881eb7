"""Settings are read key by key; what does not hold is said with its place."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from backend_engineer import configuration
from backend_engineer.configuration import Configuration, parse
from backend_engineer.reference import reference, schema
from backend_engineer.settings import Settings
from backend_engineer.toml_keys import key_places


def told(text: str, name: str = "backend-engineer.toml") -> list[str]:
    return [str(p) for p in parse(text, name).problems]


def test_a_bad_value_is_told_with_its_place_and_keeps_its_default() -> None:
    read = parse('# ours\nseverity = "error"\njobs = "many"\n')
    (problem,) = read.problems
    assert str(problem) == (
        "backend-engineer.toml, line 3, column 1: `jobs`: expected an integer from 0 to 1024, "
        'got "many"; the default 0 is used'
    )
    assert read.settings == Settings(severity="error")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "jobs = -1",
            "line 1, column 1: `jobs`: expected an integer from 0 to 1024, got -1; the default 0 is used",
        ),
        (
            "jobs = true",
            "line 1, column 1: `jobs`: expected an integer from 0 to 1024, got true; the default 0 is used",
        ),
        (
            'select = "sql-injection"',
            'line 1, column 1: `select`: expected a list of strings, got "sql-injection"; the default [] is used',
        ),
        (
            'severity = "fatal"',
            'line 1, column 1: `severity`: expected one of "error", "hint", "warning", got "fatal"; the default "hint" is used',
        ),
        (
            "sevverity = 1",
            "line 1, column 1: `sevverity`: there is no such setting; did you mean `severity`?",
        ),
        (
            "lsp = 3",
            "line 1, column 1: `lsp`: expected a table, got 3; it is ignored",
        ),
        (
            "[lsp]\ndebounce = 99999",
            "line 2, column 1: `lsp.debounce`: expected an integer from 0 to 10000, got 99999; the default 150 is used",
        ),
        (
            "[lsp]\n  trase = 1",
            "line 2, column 3: `lsp.trase`: there is no such setting; did you mean `trace`?",
        ),
        (
            "[severities]\nselect-star = 'loud'",
            'line 2, column 1: `severities.select-star`: expected one of "error", "hint", "off", "warning", got "loud"; it is ignored',
        ),
        (
            '[per-path-ignores]\n"tests/**" = 1',
            "line 2, column 1: `per-path-ignores.tests/**`: expected a list of strings, got 1; it is ignored",
        ),
        (
            "cache = 1.5",
            "line 1, column 1: `cache`: expected true or false or a string, got 1.5; the default true is used",
        ),
    ],
)
def test_problems_name_the_key_what_was_expected_and_what_holds(text: str, problem: str) -> None:
    assert told(text) == [f"backend-engineer.toml, {problem}"]


def test_text_that_is_not_toml_is_told_where_it_breaks() -> None:
    read = parse("jobs = 1\nselect = [\n")
    assert read.settings == Settings()
    (problem,) = read.problems
    assert (problem.line, problem.path) == (3, "backend-engineer.toml")
    assert "not valid TOML" in str(problem)


def test_text_nested_beyond_reason_is_a_problem_and_not_a_crash() -> None:
    assert "not valid TOML" in told("a = " + "[" * 100_000)[0]


def test_keys_are_read_in_any_usual_spelling() -> None:
    settings = parse('max-file-size = 5\n[per_path_ignores]\n"a/**" = ["select-star"]').settings
    assert settings == Settings(max_file_size=5, per_path_ignores={"a/**": ("select-star",)})


def test_pyproject_is_read_below_its_section_only() -> None:
    text = "[tool.ruff]\njobs = 3\n[tool.backend-engineer]\njobs = 2\nnope = 1\n"
    assert parse(text, "pyproject.toml").settings.jobs == 2
    assert told(text, "pyproject.toml")[0].startswith("pyproject.toml, line 5, column 1: `nope`:")


def test_an_editor_overrides_the_file_and_its_other_keys_stay() -> None:
    base = parse("jobs = 3\n[lsp]\ndebounce = 10\ntrace = 'messages'")
    both = configuration.from_editor({"lsp.debounce": 20, "maxFileSize": 7}, base)
    assert both.settings.jobs == 3
    assert both.settings.max_file_size == 7
    assert (both.settings.lsp.debounce, both.settings.lsp.trace) == (20, "messages")
    wrong = configuration.from_editor({"jobs": "x"}, base)
    assert wrong.settings.jobs == 3
    assert "the editor's settings: `jobs`: expected an integer" in str(wrong.problems[0])
    assert configuration.from_editor([1], base).settings == base.settings
    assert configuration.from_editor(None, base) is base


def test_unknown_rules_are_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "backend-engineer.toml"
    path.write_text(
        'select = [\n  "api",\n  "sql-injektion",\n]\n[severities]\nselect-sta = "off"\n'
        '[per-path-ignores]\n"x" = ["nope"]\n'
    )
    read = configuration.load(tmp_path)
    assert read.problems == ()
    problems = configuration.check_rules(
        read, frozenset({"sql-injection", "select-star"}), frozenset({"api"})
    )
    assert "\n".join(str(p) for p in problems) == (
        "backend-engineer.toml, line 3, column 3: `select`: there is no rule or group "
        "`sql-injektion`; did you mean `sql-injection`?\n"
        "backend-engineer.toml, line 6, column 1: `severities.select-sta`: there is no rule or "
        "group `select-sta`; did you mean `select-star`?\n"
        "backend-engineer.toml, line 8, column 8: `per_path_ignores.x`: there is no rule or group "
        "`nope`"
    )


def test_the_root_is_the_nearest_folder_with_a_configuration(tmp_path: Path) -> None:
    inner = tmp_path / "services" / "a"
    inner.mkdir(parents=True)
    file = inner / "app.py"
    file.write_text("")
    elsewhere = Path("/nowhere")
    assert configuration.find_root((inner,), elsewhere) == inner
    (tmp_path / ".git").mkdir()
    assert configuration.find_root((inner,), elsewhere) == inner
    assert configuration.find_root((inner,), tmp_path) == tmp_path
    assert configuration.find_root((file,), elsewhere) == tmp_path
    (inner / "package.json").write_text("{}")
    assert configuration.find_root((inner,), tmp_path) == inner
    (tmp_path / "services" / "pyproject.toml").write_text("[tool.backend-engineer]\njobs=1")
    assert configuration.find_root((inner,), tmp_path) == tmp_path / "services"
    (inner / "backend-engineer.toml").write_text("")
    assert configuration.find_root((inner,), tmp_path) == inner
    both = (inner, tmp_path / "services")
    assert configuration.find_root(both, tmp_path) == tmp_path / "services"


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert configuration.load(tmp_path) == Configuration(Settings())


def test_a_file_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "backend-engineer.toml").write_bytes(b"jobs = \xff")
    assert "is not UTF-8" in str(configuration.load(tmp_path).problems[0])


def test_keys_are_found_in_every_form_of_toml() -> None:
    text = (
        "a = 1 # b = 2\n"
        'text = """\n'
        "c = 3\n"
        '[not-a-table]""\\""""\n'
        "raw = '''\nd = 1'''\n"
        "e . 'f.g' . \"h\\u0021\" = [ # x = 1\n"
        "  1, [2], { i = '}', j.k = ']' },\n"
        "]\n"
        "when = 1979-05-27T07:32:00Z\n"
        "[ t . u ]\n"
        "v = {}\n"
        "[[list]]\n"
        "w = 1\n"
        "[list.sub]\n"
        "x = 1\n"
        "[[list]]\n"
        "  w = 2\n"
        "[list.sub]\n"
        'y = "[[z]]"\n'
    )
    places = {path: tuple(at) for path, at in key_places(text).items()}
    assert places == {
        ("a",): (1, 1),
        ("text",): (2, 1),
        ("raw",): (5, 1),
        ("e",): (7, 1),
        ("e", "f.g"): (7, 5),
        ("e", "f.g", "h!"): (7, 13),
        ("e", "f.g", "h!", 0): (8, 3),
        ("e", "f.g", "h!", 1): (8, 6),
        ("e", "f.g", "h!", 1, 0): (8, 7),
        ("e", "f.g", "h!", 2): (8, 11),
        ("e", "f.g", "h!", 2, "i"): (8, 13),
        ("e", "f.g", "h!", 2, "j"): (8, 22),
        ("e", "f.g", "h!", 2, "j", "k"): (8, 24),
        ("when",): (10, 1),
        ("t",): (11, 3),
        ("t", "u"): (11, 7),
        ("t", "u", "v"): (12, 1),
        ("list",): (13, 3),
        ("list", 0): (13, 3),
        ("list", 0, "w"): (14, 1),
        ("list", 0, "sub"): (15, 7),
        ("list", 0, "sub", "x"): (16, 1),
        ("list", 1): (17, 3),
        ("list", 1, "w"): (18, 3),
        ("list", 1, "sub"): (19, 7),
        ("list", 1, "sub", "y"): (20, 1),
    }


def test_the_reference_page_is_generated(update: bool) -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    if update:
        page.write_text(reference())
    assert page.read_text() == reference(), "run `pytest --update`"


def test_the_schema_takes_what_is_read_and_refuses_what_is_not() -> None:
    accepts = jsonschema.Draft202012Validator(schema())
    assert accepts.is_valid({"jobs": 3, "lsp": {"trace": "off"}, "severities": {"x": "off"}})
    assert not accepts.is_valid({"jobs": "many"})
    assert not accepts.is_valid({"lsp": {"debounce": -1}})
    assert not accepts.is_valid({"nope": 1})


def test_every_setting_is_documented() -> None:
    for definition in schema()["$defs"].values():
        for name, field in definition["properties"].items():
            assert len(field["description"]) > 20, name
