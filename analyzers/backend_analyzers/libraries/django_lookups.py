"""Django's lookups, transforms and database functions as PostgreSQL's backend writes them.

From `django.db.models.lookups`, `django.db.models.functions` and `DatabaseOperations` of Django 5.2.
"""

from __future__ import annotations

COMPARISONS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

PATTERNS = {
    "contains": ("%", "%"),
    "icontains": ("%", "%"),
    "startswith": ("", "%"),
    "istartswith": ("", "%"),
    "endswith": ("%", ""),
    "iendswith": ("%", ""),
}
"""What stands before and after the value in a pattern of LIKE."""

UPPERED = frozenset({"iexact", "icontains", "istartswith", "iendswith"})
"""Lookups that compare in upper case."""

EXPRESSIONS = {"regex": "~", "iregex": "~*"}

CONTAINERS = {
    "contains": "@>",
    "contained_by": "<@",
    "overlap": "&&",
    "has_key": "?",
    "has_keys": "?&",
    "has_any_keys": "?|",
}
"""Lookups of arrays, ranges and documents."""

OTHER = frozenset({"in", "isnull", "range", "iexact", "search", "trigram_similar", "unaccent"})
LOOKUPS = frozenset({*COMPARISONS, *PATTERNS, *EXPRESSIONS, *CONTAINERS, *OTHER})

TRANSFORMS = {
    "date": "({}{zone})::date",
    "time": "({}{zone})::time",
    "year": "EXTRACT(YEAR FROM {}{zone})",
    "iso_year": "EXTRACT(ISOYEAR FROM {}{zone})",
    "quarter": "EXTRACT(QUARTER FROM {}{zone})",
    "month": "EXTRACT(MONTH FROM {}{zone})",
    "week": "EXTRACT(WEEK FROM {}{zone})",
    "day": "EXTRACT(DAY FROM {}{zone})",
    "week_day": "EXTRACT(DOW FROM {}{zone}) + 1",
    "iso_week_day": "EXTRACT(ISODOW FROM {}{zone})",
    "hour": "EXTRACT(HOUR FROM {}{zone})",
    "minute": "EXTRACT(MINUTE FROM {}{zone})",
    "second": "EXTRACT(SECOND FROM {}{zone})",
    "lower": "lower({})",
    "upper": "upper({})",
    "length": "length({})",
    "len": "array_length({}, 1)",
    "unaccent": "unaccent({})",
}
"""`zone` is how a time stamp is brought into the project's time zone."""

DATED = {"date", "time", "year", "iso_year", "quarter", "month", "week", "day"} | {
    *("week_day", "iso_week_day", "hour", "minute", "second")
}

FUNCTIONS = {
    "Lower": "lower({})",
    "Upper": "upper({})",
    "Length": "length({})",
    "Trim": "btrim({})",
    "LTrim": "ltrim({})",
    "RTrim": "rtrim({})",
    "Coalesce": "coalesce({})",
    "Greatest": "greatest({})",
    "Least": "least({})",
    "NullIf": "nullif({})",
    "Abs": "abs({})",
    "Ceil": "ceiling({})",
    "Floor": "floor({})",
    "Round": "round({})",
    "Sqrt": "sqrt({})",
    "Substr": "substring({})",
    "Replace": "replace({})",
    "Left": "left({})",
    "Right": "right({})",
    "MD5": "md5({})",
    "Now": "statement_timestamp()",
    "Random": "random()",
    "TruncDate": "({})::date",
    "SearchVector": "to_tsvector({})",
}
AGGREGATES = {
    "Count": "count({})",
    "Sum": "sum({})",
    "Avg": "avg({})",
    "Min": "min({})",
    "Max": "max({})",
    "StdDev": "stddev_pop({})",
    "Variance": "var_pop({})",
    "ArrayAgg": "array_agg({})",
    "StringAgg": "string_agg({})",
    "BoolOr": "bool_or({})",
    "BoolAnd": "bool_and({})",
    "JSONBAgg": "jsonb_agg({})",
}
TRUNCATIONS = {
    "TruncYear": "year",
    "TruncQuarter": "quarter",
    "TruncMonth": "month",
    "TruncWeek": "week",
    "TruncDay": "day",
    "TruncHour": "hour",
    "TruncMinute": "minute",
    "TruncSecond": "second",
}
EXTRACTIONS = {
    "ExtractYear": "year",
    "ExtractQuarter": "quarter",
    "ExtractMonth": "month",
    "ExtractWeek": "week",
    "ExtractDay": "day",
    "ExtractHour": "hour",
    "ExtractMinute": "minute",
    "ExtractWeekDay": "week_day",
}
INDEX_METHODS = {
    "Index": ("btree", "idx"),
    "BTreeIndex": ("btree", "btree"),
    "GinIndex": ("gin", "gin"),
    "GistIndex": ("gist", "gist"),
    "SpGistIndex": ("spgist", "spgist"),
    "BrinIndex": ("brin", "brin"),
    "HashIndex": ("hash", "hash"),
    "BloomIndex": ("bloom", "bloom"),
}
"""Classes of indexes: the access method, and the end of the name of one that has none."""
