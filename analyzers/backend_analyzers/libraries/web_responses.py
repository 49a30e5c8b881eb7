"""What web frameworks send back: the response objects and functions of Express, FastAPI and Flask.

Express hands its handlers an untyped request and response, so the names by which everyone calls
them stand for their types when they come as neighbours.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    Library,
    Respond,
    arg,
    keyword,
)

_RESPONSE = "express.Response"
_REQUEST = "express.Request"

EXPRESS = Library(
    "ecmascript",
    calls={
        f"{_RESPONSE}.json": Respond((arg(0),)),
        f"{_RESPONSE}.jsonp": Respond((arg(0),)),
        f"{_RESPONSE}.send": Respond((arg(0),), kind="html"),
        f"{_RESPONSE}.end": Respond((arg(0),), kind="text"),
        f"{_RESPONSE}.write": Respond((arg(0),), kind="text"),
        f"{_RESPONSE}.redirect": Respond((arg(0), arg(1)), kind="redirect"),
        f"{_RESPONSE}.sendFile": Respond((arg(0),), kind="file"),
    },
    returns={f"{_RESPONSE}.{name}": _RESPONSE for name in ("status", "set", "type", "cookie")},
    conventions={
        (request, response): (_REQUEST, _RESPONSE)
        for request in ("req", "request", "_req", "_request", "_")
        for response in ("res", "response", "_res")
    },
)

_STATUS = (keyword("status_code"), arg(1, "status_code"))
_STARLETTE = "starlette.responses"


def _fastapi() -> Library:
    calls = {
        "fastapi.HTTPException": Respond(
            (arg(1, "detail"),), (arg(0, "status_code"),), kind="error"
        ),
        f"{_STARLETTE}.JSONResponse": Respond((arg(0, "content"),), _STATUS),
        f"{_STARLETTE}.PlainTextResponse": Respond((arg(0, "content"),), _STATUS, kind="text"),
        f"{_STARLETTE}.HTMLResponse": Respond((arg(0, "content"),), _STATUS, kind="html"),
        f"{_STARLETTE}.Response": Respond((arg(0, "content"),), _STATUS, kind="text"),
        f"{_STARLETTE}.RedirectResponse": Respond((arg(0, "url"),), _STATUS, kind="redirect"),
        f"{_STARLETTE}.FileResponse": Respond((arg(0, "path"),), _STATUS, kind="file"),
    }
    names = [name.rpartition(".")[2] for name in calls if name.startswith(_STARLETTE)]
    names.append("ORJSONResponse")
    calls[f"{_STARLETTE}.ORJSONResponse"] = Respond((arg(0, "content"),), _STATUS)
    return Library(
        "python",
        calls=calls,
        aliases={
            "starlette.exceptions.HTTPException": "fastapi.HTTPException",
            "fastapi.exceptions.HTTPException": "fastapi.HTTPException",
            "starlette.requests.Request": "fastapi.Request",
            **{f"fastapi.responses.{name}": f"{_STARLETTE}.{name}" for name in names},
            "fastapi.Response": f"{_STARLETTE}.Response",
        },
    )


FLASK = Library(
    "python",
    calls={
        "flask.jsonify": Respond((arg(0),)),
        "flask.make_response": Respond((arg(0),), (arg(1),), kind="html"),
        "flask.Response": Respond((arg(0, "response"),), (arg(1, "status"),), kind="html"),
        "flask.abort": Respond((arg(1, "description"),), (arg(0),), kind="error"),
        "flask.redirect": Respond((arg(0, "location"),), kind="redirect"),
        "flask.send_file": Respond((arg(0),), kind="file"),
    },
)

LIBRARIES = (EXPRESS, _fastapi(), FLASK)
