"""The query that a person runs in production, and whose answer the planner takes as statistics."""

from __future__ import annotations

RELATIONS = ("schemaname", "relname", "relpages", "reltuples", "relallvisible")
VALUES = (
    *("schemaname", "relname", "attname", "inherited", "null_frac", "avg_width", "n_distinct"),
    *("most_common_vals", "most_common_freqs", "histogram_bounds", "correlation"),
    *("most_common_elems", "most_common_elem_freqs", "elem_count_histogram"),
)
HEIGHTS = "heights"
SETTINGS = (
    *("seq_page_cost", "random_page_cost", "cpu_tuple_cost", "cpu_index_tuple_cost"),
    *("cpu_operator_cost", "parallel_setup_cost", "parallel_tuple_cost", "effective_cache_size"),
    *("work_mem", "hash_mem_multiplier", "max_parallel_workers_per_gather"),
    *("min_parallel_table_scan_size", "min_parallel_index_scan_size", "effective_io_concurrency"),
    *("from_collapse_limit", "join_collapse_limit", "geqo", "geqo_threshold"),
    *("constraint_exclusion", "enable_bitmapscan", "enable_hashagg", "enable_hashjoin"),
    *("enable_indexonlyscan", "enable_indexscan", "enable_material", "enable_memoize"),
    *("enable_mergejoin", "enable_nestloop", "enable_partitionwise_aggregate"),
    *("enable_partitionwise_join", "enable_seqscan", "enable_sort", "enable_incremental_sort"),
)
"""What production's planner reckons with besides statistics."""

_NO_VALUES = frozenset({"most_common_vals", "histogram_bounds", "most_common_elems"})
"""What holds values of production."""
_WITH_VALUES = frozenset({"most_common_freqs", "most_common_elem_freqs", "elem_count_histogram"})
"""What means nothing without the values that it counts."""

_QUERY = """\
-- Prints one JSON document for `[planner] statistics`: psql -XAtq -f statistics.sql > statistics.json
-- It reads the catalogue only, and takes no locks beyond that.{note}
SELECT json_build_object(
  'version', current_setting('server_version_num'),
  'collation', (
    SELECT json_build_object('provider', to_jsonb(d) ->> 'datlocprovider', 'name', d.datcollate)
    FROM pg_database d WHERE d.datname = current_database()
  ),
  'settings', (
    SELECT json_object_agg(name, current_setting(name)) FROM pg_settings
    WHERE name IN ({settings})
  ),
  'relations', (
    SELECT json_agg(json_build_object(
      'schemaname', n.nspname, 'relname', c.relname, 'relpages', c.relpages,
      'reltuples', c.reltuples, 'relallvisible', c.relallvisible))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'i', 'm', 'p') AND {user}
  ),
  'attributes', (
    SELECT json_agg(json_build_object(
      {attributes}))
    FROM pg_stats s WHERE s.schemaname NOT IN ('pg_catalog', 'information_schema')
  ){heights}
);
"""
_USER = r"n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'"
_HEIGHTS = """,
  'heights', (
    SELECT json_agg(json_build_object('name', c.relname, 'height',
      (bt_metap(format('%I.%I', n.nspname, c.relname))).fastlevel))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
    WHERE c.relkind = 'i' AND a.amname = 'btree' AND {user}
  )"""


def export_query(*, values: bool = True, heights: bool = False) -> str:
    """The query; without `values` it tells nothing of what rows hold, and plans are less exact.

    `heights` asks the extension pageinspect for the heights of indexes, which is for superusers.
    """
    left_out = frozenset() if values else _NO_VALUES | _WITH_VALUES
    columns = [name for name in VALUES if name not in left_out]
    said = {"relname": "tablename"}
    listed = ", ".join(
        f"'{name}', s.{said.get(name, name)}{'' if name in {'schemaname', 'relname'} else '::text'}"
        for name in columns
    )
    note = "" if values else "\n-- No values of rows are among it."
    if heights:
        note += "\n-- CREATE EXTENSION pageinspect; is needed, and a superuser."
    return _QUERY.format(
        note=note,
        settings=", ".join(f"'{name}'" for name in SETTINGS),
        user=_USER,
        attributes=listed,
        heights=_HEIGHTS.format(user=_USER) if heights else "",
    )
