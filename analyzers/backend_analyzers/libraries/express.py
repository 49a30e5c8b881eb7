"""Express: what declares an application, a router, a route and a guard.

Facts from the API reference of Express 4 and 5: everything matches in the order in which it was
added, and a function covers only what is added after it.
"""

from backend_analyzers.libraries.routing import (
    Create,
    Declare,
    Framework,
    Guard,
    Parameter,
    Word,
)

_APP = Create("app", "express")
_ROUTER = Create("router", "express")

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def _verb(*methods: str) -> Word:
    return Declare(methods=methods, path=Parameter(0), middleware=True)


FRAMEWORK = Framework(
    name="express",
    language="ecmascript",
    creates={
        "express": _APP,
        "express.Router": _ROUTER,
        "express-promise-router": _ROUTER,
        "express-promise-router.Router": _ROUTER,
    },
    words={
        **{method.lower(): _verb(method) for method in _METHODS},
        "all": _verb("ANY"),
        # Middleware and mounts are told apart by what the arguments denote, which only the
        # workspace knows; `route` opens a chain of verbs.
        "use": Guard(function=Parameter(0)),
    },
    types={
        "express.Express": "app",
        "express.Application": "app",
        "express.Router": "router",
        "express.IRouter": "router",
        "express-serve-static-core.Express": "app",
    },
    guards=frozenset(
        {
            "express-jwt",
            "express-jwt.expressjwt",
            "express-jwt.expressJwt",
            "express-basic-auth",
            "express-oauth2-jwt-bearer.auth",
            "express-oauth2-jwt-bearer.requiredScopes",
            "express-openid-connect.auth",
            "express-openid-connect.requiresAuth",
            "express-jwt-authz",
            "passport.authenticate",
            "connect-ensure-login.ensureLoggedIn",
            "jwks-rsa.expressJwtSecret",
            "@clerk/express.requireAuth",
            "supertokens-node/recipe/session/framework/express.verifySession",
            "firebase-admin.auth",
            "http-auth.connect",
        }
    ),
    harmless=frozenset(
        {
            "express.json",
            "express.urlencoded",
            "express.static",
            "express.raw",
            "express.text",
            "body-parser",
            "body-parser.json",
            "body-parser.urlencoded",
            "body-parser.raw",
            "body-parser.text",
            "cors",
            "helmet",
            "morgan",
            "compression",
            "cookie-parser",
            "express-session",
            "cookie-session",
            "multer",
            "express-rate-limit",
            "express-rate-limit.rateLimit",
            "express-validator.body",
            "express-validator.check",
            "express-validator.param",
            "express-validator.query",
            "express-async-handler",
            "express-fileupload",
            "express-mongo-sanitize",
            "method-override",
            "connect-flash",
            "serve-static",
            "serve-favicon",
            "hpp",
            "xss-clean",
            "response-time",
            "pino-http",
            "express-winston.logger",
            "swagger-ui-express.setup",
            "swagger-ui-express.serve",
            "passport.initialize",
            "passport.session",
            "connect-timeout",
            "cors.default",
            "celebrate.celebrate",
        }
    ),
)
