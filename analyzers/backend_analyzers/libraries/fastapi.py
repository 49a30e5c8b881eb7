"""FastAPI and Starlette: what declares a router, a route, a mount and a guard.

Facts from the reference of FastAPI 0.115 and Starlette 0.41.  Routes match in the order in which
they were added; `include_router` copies the routes that the router has at that moment.
"""

from backend_analyzers.libraries.routing import (
    HTTP_METHODS,
    Create,
    Declare,
    Framework,
    Guard,
    Mount,
    Parameter,
    Word,
)

_APP = Create("app", "fastapi", guards=("dependencies", "middleware"), hidden="include_in_schema")
_ROUTER = Create(
    "router", "fastapi", prefix="prefix", guards=("dependencies",), hidden="include_in_schema"
)
_PATH = Parameter(0, "path")


def _verb(method: str) -> Word:
    return Declare(
        methods=(method,),
        guards="dependencies",
        hidden="include_in_schema",
        response="response_model",
    )


FRAMEWORK = Framework(
    name="fastapi",
    language="python",
    creates={
        "fastapi.FastAPI": _APP,
        "fastapi.applications.FastAPI": _APP,
        "starlette.applications.Starlette": _APP,
        "fastapi.APIRouter": _ROUTER,
        "fastapi.routing.APIRouter": _ROUTER,
        "starlette.routing.Router": _ROUTER,
    },
    words={
        **{method.lower(): _verb(method) for method in HTTP_METHODS},
        "api_route": Declare(
            guards="dependencies", hidden="include_in_schema", response="response_model"
        ),
        "add_api_route": Declare(
            handler=Parameter(1, "endpoint"),
            guards="dependencies",
            hidden="include_in_schema",
            response="response_model",
        ),
        "add_route": Declare(handler=Parameter(1, "route"), hidden="include_in_schema"),
        "websocket": Declare(methods=("WEBSOCKET",), guards="dependencies"),
        "websocket_route": Declare(methods=("WEBSOCKET",)),
        "add_api_websocket_route": Declare(
            methods=("WEBSOCKET",), handler=Parameter(1, "endpoint"), guards="dependencies"
        ),
        "include_router": Mount(
            child=Parameter(0, "router"),
            prefix=Parameter(-1, "prefix"),
            guards="dependencies",
            hidden="include_in_schema",
        ),
        "mount": Mount(child=Parameter(1, "app"), prefix=_PATH, isolated=True),
        "middleware": Guard(reach="app"),
        "add_middleware": Guard(function=Parameter(0, "middleware_class"), reach="app"),
    },
    types={
        "fastapi.FastAPI": "app",
        "starlette.applications.Starlette": "app",
        "fastapi.APIRouter": "router",
        "fastapi.routing.APIRouter": "router",
    },
    guards=frozenset(
        f"fastapi.security.{name}"
        for name in (
            "HTTPBearer",
            "HTTPBasic",
            "HTTPDigest",
            "APIKeyHeader",
            "APIKeyQuery",
            "APIKeyCookie",
            "OAuth2PasswordBearer",
            "OAuth2AuthorizationCodeBearer",
            "OAuth2",
            "OpenIdConnect",
        )
    )
    | {
        "fastapi.Security",
        "starlette.authentication.requires",
        "starlette.middleware.authentication.AuthenticationMiddleware",
    },
    harmless=frozenset(
        {
            "fastapi.security.OAuth2PasswordRequestForm",
            "fastapi.security.OAuth2PasswordRequestFormStrict",
            "fastapi.BackgroundTasks",
            "fastapi.Request",
            "fastapi.Response",
            "fastapi.middleware.cors.CORSMiddleware",
            "fastapi.middleware.gzip.GZipMiddleware",
            "fastapi.middleware.trustedhost.TrustedHostMiddleware",
            "fastapi.middleware.httpsredirect.HTTPSRedirectMiddleware",
            "starlette.middleware.cors.CORSMiddleware",
            "starlette.middleware.gzip.GZipMiddleware",
            "starlette.middleware.sessions.SessionMiddleware",
            "starlette.middleware.trustedhost.TrustedHostMiddleware",
            "starlette.middleware.httpsredirect.HTTPSRedirectMiddleware",
        }
    ),
)
