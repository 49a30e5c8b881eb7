"""The names that a language provides without an import: those that denote themselves."""

from __future__ import annotations

import builtins

FREE_NAMES = frozenset(dir(builtins)) | frozenset(
    {
        "Array",
        "Buffer",
        "Date",
        "Error",
        "JSON",
        "Map",
        "Math",
        "Number",
        "Object",
        "Promise",
        "RegExp",
        "Response",
        "Request",
        "Set",
        "String",
        "AbortController",
        "AbortSignal",
        "URL",
        "URLSearchParams",
        "console",
        "document",
        "encodeURIComponent",
        "fetch",
        "globalThis",
        "parseFloat",
        "parseInt",
        "process",
        "queueMicrotask",
        "require",
        "setImmediate",
        "setInterval",
        "setTimeout",
        "structuredClone",
        "window",
    }
)
