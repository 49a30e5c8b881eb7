"""Statistics are read from what people have, applied as far as they fit, and never run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_engineer.planner.export import export_query
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.statistics import Unreadable, parse, read
from backend_engineer.settings import PlannerSettings
from tests.planner.conftest import DATA, script

DUMP = r"""
SELECT * FROM pg_catalog.pg_restore_relation_stats(
	'version', '180006'::integer,
	'schemaname', 'public',
	'relname', 'müller''s',
	'relpages', '12'::integer,
	'reltuples', '-1'::real,
	'relallvisible', NULL
);
SELECT * FROM pg_catalog.pg_restore_attribute_stats(
	'version', '180006'::integer,
	'schemaname', 'public',
	'relname', 'müller''s',
	'attname', 'name',
	'inherited', 'f'::boolean,
	'n_distinct', '-0.5'::real,
	'most_common_vals', E'{"a\\"b",''x'',"line\nend"}'::text,
	'most_common_freqs', '{0.1,0.05}'::real[]
);
DROP TABLE x; SELECT pg_sleep(1000);
"""


def test_a_dump_is_read_and_not_run() -> None:
    found = parse(DUMP)
    assert found.version == 18
    assert found.relations[0]["relname"] == "müller's"
    assert "relallvisible" not in found.relations[0]
    assert found.attributes[0]["most_common_vals"] == '{"a\\"b",\'x\',"line\nend"}'
    assert found.evidence == "full"


def test_every_call_of_a_real_dump_is_read() -> None:
    text = (DATA / "tpch_stats.sql").read_text()
    found = parse(text)
    assert len(found.relations) == text.count("pg_restore_relation_stats")
    assert len(found.attributes) == text.count("pg_restore_attribute_stats")


def exported(**more: object) -> str:
    relation = {"schemaname": "public", "relname": "t", "relpages": 9_000, "reltuples": 1e6}
    return json.dumps({"version": "150004", "relations": [relation], "attributes": None, **more})


def test_an_export_without_values_is_evidence_of_sizes() -> None:
    column = {"schemaname": "public", "relname": "t", "attname": "k", "n_distinct": "-1"}
    found = parse(exported(attributes=[column]))
    assert (found.version, found.evidence) == (15, "sizes")
    assert parse(exported(attributes=[{**column, "histogram_bounds": "{1,9}"}])).evidence == "full"


@pytest.mark.parametrize(
    ("collation", "expected"),
    [
        ({"provider": "c", "name": "C"}, "C"),
        ({"provider": "c", "name": "en_US.UTF-8"}, "other"),
        ({"provider": "i", "name": "C"}, "other"),
        ({"provider": "b", "name": "C.UTF-8"}, "C"),
        ({"provider": None, "name": "C"}, "C"),
        (None, ""),
    ],
)
def test_an_export_says_how_text_is_sorted(collation: object, expected: str) -> None:
    assert parse(exported(collation=collation)).collation == expected


@pytest.mark.parametrize(
    "text",
    ["", "SELECT 1;", "{}", "{", '{"version": "x", "relations": []}', '{"version": 1}', "[1]"],
)
def test_what_is_no_statistics_is_said(text: str) -> None:
    with pytest.raises(Unreadable, match="`stats`"):
        parse(text, "stats")


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"gone\.sql` cannot be read: No such file"):
        read(PlannerSettings(statistics="gone.sql"), tmp_path)
    (tmp_path / "heights.json").write_text('{"a": "high"}')
    with pytest.raises(Unreadable, match="from index names to heights"):
        read(PlannerSettings(btree_heights="heights.json"), tmp_path)


def test_the_export_holds_no_values_where_it_must_not() -> None:
    query = export_query(values=False)
    for name in ("most_common", "histogram", "elem"):
        assert name not in query
    assert "histogram_bounds" in export_query()


def test_production_is_set_up_as_it_says(
    open_planner: Callable[..., Planner], folder: Path
) -> None:
    """Its planner's settings decide between plans, too; what is no such setting is left out."""
    settings = {"random_page_cost": "1.1", "enable_seqscan": "off", "log_statement": "all"}
    (folder / "settings.json").write_text(exported(settings=settings))
    with open_planner(folder, statistics="settings.json") as planner:
        shadow = planner.shadow(script("CREATE TABLE t (k int); CREATE INDEX t_k ON t (k);"))
        with shadow.planning() as connection:
            row = connection.execute(
                "SELECT current_setting('random_page_cost'), current_setting('enable_seqscan'), "
                "current_setting('log_statement')"
            ).fetchone()
    assert row == ("1.1", "off", "none")


def test_what_does_not_fit_the_schema_is_left_out(
    open_planner: Callable[..., Planner], folder: Path
) -> None:
    columns = [
        {"schemaname": "public", "relname": "t", "attname": name, "inherited": "f", **values}
        for name, values in {
            "k": {"n_distinct": "-1", "histogram_bounds": '{"no","numbers"}'},
            "gone": {"n_distinct": "-1"},
        }.items()
    ]
    (folder / "unfit.json").write_text(exported(attributes=columns))
    with open_planner(folder, statistics="unfit.json") as planner:
        shadow = planner.shadow(script("CREATE TABLE t (k int);"))
        top = shadow.explain("SELECT * FROM t")
    assert top["Plan Rows"] == pytest.approx(1e6, rel=0.01)
