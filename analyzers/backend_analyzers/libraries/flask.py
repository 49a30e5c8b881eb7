"""Flask: what declares an application, a blueprint, a route and a guard.

Facts from the reference of Flask 3 and Werkzeug 3: rules are sorted by how specific they are, so
the order of declaration decides only between rules of the same shape.
"""

from backend_analyzers.libraries.routing import (
    Attach,
    Create,
    Declare,
    Framework,
    Guard,
    Mount,
    Parameter,
    Word,
)

_APP = Create("app", "flask")
_BLUEPRINT = Create("router", "flask", prefix="url_prefix")
_API = Create(
    "router", "flask", prefix="prefix", guards=("decorators",), parent=Parameter(0, "app")
)
_NAMESPACE = Create(
    "router", "flask", prefix="path", guards=("decorators",), named=Parameter(0, "name")
)
_RESTFUL = ("flask_restful", "flask_restx", "flask_restplus")
_RULE = Parameter(0, "rule")


def _verb(method: str) -> Word:
    return Declare(methods=(method,), path=_RULE)


_BEFORE = Guard()
_BEFORE_APP = Guard(reach="app")

FRAMEWORK = Framework(
    name="flask",
    language="python",
    creates={
        "flask.Flask": _APP,
        "flask.app.Flask": _APP,
        "quart.Quart": _APP,
        "flask_openapi3.OpenAPI": _APP,
        "apiflask.APIFlask": _APP,
        "flask.Blueprint": _BLUEPRINT,
        "flask.blueprints.Blueprint": _BLUEPRINT,
        "quart.Blueprint": _BLUEPRINT,
        "apiflask.APIBlueprint": _BLUEPRINT,
        "flask_smorest.Blueprint": _BLUEPRINT,
        **{f"{package}.Api": _API for package in _RESTFUL},
        "flask_restx.Namespace": _NAMESPACE,
        "flask_restplus.Namespace": _NAMESPACE,
    },
    words={
        "route": Declare(path=_RULE, many=True),
        **{method.lower(): _verb(method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")},
        "add_url_rule": Declare(path=_RULE, handler=Parameter(2, "view_func")),
        "register_blueprint": Mount(
            child=Parameter(0, "blueprint"), prefix=Parameter(-1, "url_prefix"), overrides=True
        ),
        "add_resource": Declare(
            path=Parameter(1, "url"), handler=Parameter(0, "resource"), many=True
        ),
        "add_namespace": Mount(
            child=Parameter(0, "ns"), prefix=Parameter(1, "path"), overrides=True
        ),
        "init_app": Attach(Parameter(0, "app")),
        "before_request": _BEFORE,
        "before_app_request": _BEFORE_APP,
    },
    types={"flask.Flask": "app", "flask.Blueprint": "router", "quart.Quart": "app"},
    guards=frozenset(
        {
            "flask_login.login_required",
            "flask_login.fresh_login_required",
            "flask_jwt_extended.jwt_required",
            "flask_jwt_extended.verify_jwt_in_request",
            "flask_jwt_extended.fresh_jwt_required",
            "flask_security.auth_required",
            "flask_security.login_required",
            "flask_security.roles_required",
            "flask_security.roles_accepted",
            "flask_security.permissions_required",
            "flask_security.http_auth_required",
            "flask_security.auth_token_required",
            "flask_principal.Permission.require",
            "flask_httpauth.HTTPBasicAuth.login_required",
            "flask_httpauth.HTTPTokenAuth.login_required",
            "flask_httpauth.MultiAuth.login_required",
            "flask_allows.requires",
        }
    ),
    harmless=frozenset(
        {
            "flask_cors.cross_origin",
            "flasgger.swag_from",
            *(
                f"{package}.{owner}.{word}"
                for package in _RESTFUL
                for owner in ("Api", "Namespace")
                for word in (
                    *("doc", "expect", "marshal_with", "marshal_list_with", "response", "param"),
                    *("produces", "deprecated", "header", "hide", "vendor", "route"),
                )
            ),
            "flask_apispec.use_kwargs",
            "flask_apispec.marshal_with",
            "flask_restful.marshal_with",
            "webargs.flaskparser.use_args",
            "webargs.flaskparser.use_kwargs",
        }
    ),
    views=frozenset(
        {
            *(f"{package}.Resource" for package in _RESTFUL),
            "flask.views.MethodView",
            "flask.views.View",
        }
    ),
    in_order=False,
)
