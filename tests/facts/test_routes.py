"""Routes are found across files, with their prefixes and guards; what is unknown says so."""

from __future__ import annotations

import re
from textwrap import dedent

import msgspec
import pytest

from backend_analyzers.facts.modules import resolve
from backend_analyzers.facts.route_declarations import route_declarations
from backend_analyzers.facts.routes import describe, routes
from backend_analyzers.workspace import Workspace

_FILE = re.compile(r"^=== (\S+)\n", re.MULTILINE)


def workspace(text: str) -> Workspace:
    """A workspace from a text in which `=== path` begins a file."""
    parts = _FILE.split(dedent(text))
    return Workspace.of(dict(zip(parts[1::2], parts[2::2], strict=True)))


def found(text: str) -> list[str]:
    """The routes of a workspace, one line each."""
    return [describe(route) for route in workspace(text).fact(routes)]


def lines(text: str) -> list[str]:
    return dedent(text).strip().splitlines()


CASES = {
    "what runs before a whole application is open unless its name speaks of who is calling": (
        """
        === main.py
        from asgi_language import LanguageMiddleware
        from shield_asgi import ShieldLayer
        from fastapi import Depends, FastAPI, Request
        from deps import require_user
        app = FastAPI()
        app.add_middleware(LanguageMiddleware)

        @app.middleware("http")
        async def page(request: Request, call_next):
            answer = await call_next(request)
            return answer if answer.status_code != 404 else index()

        @app.get("/mine", dependencies=[Depends(require_user)])
        def mine(): ...

        @app.get("/open")
        def rows(): ...

        other = FastAPI()
        other.add_middleware(ShieldLayer)

        @other.get("/secured")
        def secured(): ...
        === deps.py
        def require_user(): ...
        """,
        """
        GET /mine -> main.py:mine [require_user]
        GET /open -> main.py:rows
        GET /secured -> main.py:secured [?]
        """,
    ),
    "a package mounts the files beside it": (
        """
        === app/main.py
        from fastapi import FastAPI
        from app.routes import router
        app = FastAPI()

        def mount():
            app.include_router(router)
        === app/routes/__init__.py
        from fastapi import APIRouter
        from . import orders
        router = APIRouter(prefix="/api")
        router.include_router(orders.router)
        === app/routes/orders/__init__.py
        from fastapi import APIRouter
        from . import lines
        router = APIRouter(prefix="/orders")
        router.include_router(lines.router)
        === app/routes/orders/lines.py
        from fastapi import APIRouter
        router = APIRouter()

        @router.get("/lines")
        def lines(): ...
        """,
        """
        GET /api/orders/lines -> app/routes/orders/lines.py:lines
        """,
    ),
    "dependencies of a class guard its methods": (
        """
        === main.py
        from fastapi import Depends, FastAPI
        from base import UserController, controller
        app = FastAPI()

        @controller(app)
        class Orders(UserController):
            @app.get("/orders")
            def orders(self): return self.session.rows()

        @controller(app)
        class Open:
            session = Depends(open_session)
            @app.get("/open")
            def rows(self): return self.session.rows()

        def open_session(): ...
        === base.py
        from fastapi import Depends
        class Base:
            session: Session = Depends(generate_session)
        class UserController(Base):
            user: User = Depends(get_current_user)
        def controller(router): ...
        def generate_session(): ...
        """,
        """
        GET /orders -> main.py:orders [get_current_user]
        GET /open -> main.py:rows
        """,
    ),
    "resources of Flask are served below their interface and their namespace": (
        """
        === app/__init__.py
        from flask import Flask
        from .api import blueprint
        from .rest import rest
        def create_app():
            app = Flask(__name__)
            app.register_blueprint(blueprint)
            rest.init_app(app)
            return app
        === app/api.py
        from flask import Blueprint
        from flask_restx import Api, Namespace, Resource
        from .security import admins_only
        from .tags import tags
        blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
        API = Api(blueprint, version="v1")
        API.add_namespace(tags, "/tags")
        books = Namespace("books")
        API.add_namespace(books)

        @books.route("")
        class Books(Resource):
            method_decorators = [admins_only]
            def get(self): return rows()
        === app/security.py
        def admins_only(f): ...
        === app/tags.py
        from flask_restx import Namespace, Resource
        from .security import admins_only
        tags = Namespace("labels")

        @tags.route("")
        class TagList(Resource):
            @tags.doc(description="x")
            @admins_only
            def get(self): return rows()
            @tags.doc(description="x")
            def post(self): return make()

        @tags.route("/<int:tag_id>", "/old/<int:tag_id>")
        class Tag(Resource):
            def delete(self, tag_id): return drop(tag_id)
        === app/rest.py
        from flask_restful import Api
        from .base import Base, Odd
        class Members(Base):
            def get(self): return rows()
            def post(self): return rows()
        class Other(Odd):
            def get(self): return rows()
        rest = Api(prefix="/rest")
        rest.add_resource(Members, "/members", "/people", endpoint="members")
        rest.add_resource(Other, "/others")
        === app/base.py
        from flask_restful import Resource
        from flask_login import login_required
        from elsewhere import Unknown
        class Base(Resource):
            decorators = [login_required]
        class Odd(Unknown):
            pass
        """,
        """
        GET /api/v1/tags -> app/tags.py:TagList.get [admins_only]
        POST /api/v1/tags -> app/tags.py:TagList.post
        DELETE /api/v1/tags/{tag_id} -> app/tags.py:Tag.delete
        DELETE /api/v1/tags/old/{tag_id} -> app/tags.py:Tag.delete
        GET /api/v1/books -> app/api.py:Books.get [admins_only]
        GET /rest/members -> app/rest.py:Members.get [login_required]
        POST /rest/members -> app/rest.py:Members.post [login_required]
        GET /rest/people -> app/rest.py:Members.get [login_required]
        POST /rest/people -> app/rest.py:Members.post [login_required]
        GET /rest/others -> app/rest.py:Other.get [?]
        """,
    ),
    "a router is included with a prefix from the settings and a guard": (
        """
        === app/main.py
        from fastapi import Depends, FastAPI
        from app.api import orders
        from .config import settings
        from .deps import require_user

        app = FastAPI()
        app.include_router(
            orders.router, prefix=f"{settings.API}/v1", dependencies=[Depends(require_user)]
        )

        @app.get("/health")
        def health(): ...
        === app/config.py
        class Settings(BaseSettings):
            API: str = "/api"

        settings = Settings()
        === app/deps.py
        def require_user(): ...
        === app/api/__init__.py
        === app/api/orders.py
        from fastapi import APIRouter
        router = APIRouter(prefix="/orders")

        @router.get("")
        def list_orders(): ...

        @router.get("/{order_id:int}")
        async def get_order(order_id: int): ...
        """,
        """
        GET /api/v1/orders -> app/api/orders.py:list_orders [require_user]
        GET /api/v1/orders/{order_id} -> app/api/orders.py:get_order [require_user]
        GET /health -> app/main.py:health
        """,
    ),
    "dependencies are followed through other dependencies and type aliases": (
        """
        === main.py
        from typing import Annotated
        from fastapi import Depends, FastAPI
        from security import CurrentUser, tenant
        app = FastAPI()

        def session():
            yield 1

        Session = Annotated[object, Depends(session)]

        @app.get("/a")
        def a(user: CurrentUser, db: Session): ...

        @app.get("/b")
        def b(tenant: str = Depends(tenant)): ...

        @app.get("/c")
        def c(db: Session): ...
        === security.py
        from typing import Annotated
        from fastapi import Depends
        from fastapi.security import OAuth2PasswordBearer

        scheme = OAuth2PasswordBearer(tokenUrl="token")

        def owner(raw: str = Depends(scheme)):
            return raw

        def tenant(o=Depends(owner)):
            return o.tenant

        CurrentUser = Annotated[object, Depends(owner)]
        """,
        """
        GET /a -> main.py:a [CurrentUser]
        GET /b -> main.py:b [tenant]
        GET /c -> main.py:c
        """,
    ),
    "a dependency that cannot be seen and whose name does not tell leaves the guards unknown": (
        """
        === main.py
        from fastapi import Depends, FastAPI
        from company.web import context
        app = FastAPI()

        @app.get("/a")
        def a(context=Depends(context)): ...
        """,
        "GET /a -> main.py:a [?]",
    ),
    "checks in the body of the handler, and of what it calls": (
        """
        === main.py
        import hmac
        from fastapi import FastAPI, HTTPException, Request
        app = FastAPI()

        def admit(key):
            if key != SECRET:
                raise HTTPException(status_code=403)

        @app.post("/hook")
        async def hook(request: Request):
            body = await request.body()
            if not hmac.compare_digest(sign(body), request.headers["x-signature"]):
                return None

        @app.post("/admin")
        def admin(key: str):
            admit(key)

        @app.get("/agent")
        def agent(request: Request):
            return request.headers.get("user-agent")

        @app.get("/token")
        def token(request: Request):
            return lookup(request.headers.get("authorization"))
        """,
        """
        POST /hook -> main.py:hook [inline check]
        POST /admin -> main.py:admin [inline check]
        GET /agent -> main.py:agent
        GET /token -> main.py:token [?]
        """,
    ),
    "middleware and dependencies of the application cover every route of it": (
        """
        === main.py
        from fastapi import Depends, FastAPI
        from starlette.middleware.base import BaseHTTPMiddleware
        app = FastAPI(dependencies=[Depends(verify_token)])

        @app.get("/a")
        def a(): ...

        class Authentication(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                if "x-token" not in request.headers:
                    return Response(status_code=401)
                return await call_next(request)

        app.add_middleware(Authentication)
        inner = FastAPI()

        @inner.get("/b")
        def b(): ...

        app.mount("/inner", inner)
        """,
        """
        GET /a -> main.py:a [Authentication, verify_token]
        GET /inner/b -> main.py:b [Authentication, verify_token]
        """,
    ),
    "a router that nothing includes, one that is included twice, and nested ones": (
        """
        === main.py
        from fastapi import APIRouter, FastAPI
        app = FastAPI()
        inner = APIRouter(prefix="/inner")
        outer = APIRouter()
        lost = APIRouter()

        @inner.api_route("/x", methods=["GET", "POST"])
        def x(): ...

        @inner.websocket("/ws")
        async def ws(socket): ...

        @lost.get("/lost")
        def never(): ...

        outer.include_router(inner)
        app.include_router(outer, prefix="/v1")
        app.include_router(outer, prefix="/v2")
        """,
        """
        GET,POST /v1/inner/x -> main.py:x
        WEBSOCKET /v1/inner/ws -> main.py:ws
        GET,POST /v2/inner/x -> main.py:x
        WEBSOCKET /v2/inner/ws -> main.py:ws
        GET /lost -> main.py:never [?] (not mounted)
        """,
    ),
    "routes added after the router was included are not sure to be served": (
        """
        === main.py
        from fastapi import APIRouter, FastAPI
        app = FastAPI()
        router = APIRouter()
        app.include_router(router)

        @router.get("/late")
        def late(): ...
        """,
        "GET /late -> main.py:late (not mounted)",
    ),
    "routers in a loop, from a factory and in a class": (
        """
        === main.py
        from fastapi import FastAPI
        import a, b
        from factory import make_router

        class Server:
            def __init__(self):
                self.app = FastAPI()
                for module in (a, b):
                    self.app.include_router(module.router, prefix="/loop")
                self.app.include_router(make_router())
                self.app.add_api_route("/own", self.own, methods=["PUT"])

            def own(self): ...
        === a.py
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/a")
        def get_a(): ...
        === b.py
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/b")
        def get_b(): ...
        === factory.py
        from fastapi import APIRouter
        def make_router():
            made = APIRouter(prefix="/made")
            @made.delete("/x")
            def remove(): ...
            return made
        """,
        """
        GET /loop/a -> a.py:get_a
        GET /loop/b -> b.py:get_b
        DELETE /made/x -> factory.py:remove
        PUT /own -> main.py:Server.own
        """,
    ),
    "an application factory with blueprints that are imported inside of it": (
        """
        === shop/__init__.py
        from flask import Flask

        def create_app():
            app = Flask(__name__)
            from .auth import bp as auth_bp
            app.register_blueprint(auth_bp, url_prefix="/auth")
            from .main import bp
            app.register_blueprint(bp)

            @app.route("/ping")
            def ping():
                return "pong"

            return app
        === shop/auth.py
        from flask import Blueprint
        from flask_login import login_required
        bp = Blueprint("auth", __name__, url_prefix="/replaced")

        @bp.route("/me/<int:user_id>", methods=["GET", "PUT"])
        @login_required
        def me(user_id): ...

        @login_required
        @bp.post("/not-guarded")
        def above(): ...
        === shop/main.py
        from flask import Blueprint, abort
        from flask.views import MethodView
        bp = Blueprint("main", __name__, url_prefix="/main")

        @bp.before_request
        def admit():
            if not known():
                abort(401)

        class Items(MethodView):
            def get(self): ...
            def post(self): ...

        bp.add_url_rule("/items", view_func=Items.as_view("items"))
        """,
        """
        GET,PUT /auth/me/{user_id} -> shop/auth.py:me [login_required]
        POST /auth/not-guarded -> shop/auth.py:above
        GET /main/items -> shop/main.py:Items.get [admit]
        POST /main/items -> shop/main.py:Items.post [admit]
        GET /ping -> shop/__init__.py:ping
        """,
    ),
    "nested blueprints, and a guard for the whole application in one of them": (
        """
        === app.py
        from flask import Blueprint, Flask
        from helpers import register
        app = Flask(__name__)
        api = Blueprint("api", __name__, url_prefix="/api")
        users = Blueprint("users", __name__)

        @users.before_app_request
        def require_login(): ...

        @users.get("/")
        def index(): ...

        api.register_blueprint(users, url_prefix="/users")
        app.register_blueprint(api)
        register(app)
        === helpers.py
        def register(app):
            @app.get("/extra")
            def extra(): ...
        """,
        """
        GET /api/users/ -> app.py:index [require_login]
        GET /extra -> helpers.py:extra [require_login]
        """,
    ),
    "an application that views import, in a package": (
        """
        === site/__init__.py
        from flask import Flask
        app = Flask(__name__)
        from site import views
        === site/views.py
        from site import app
        @app.get("/a/<path:rest>")
        def a(rest): ...
        """,
        "GET /a/{rest} -> site/views.py:a",
    ),
    "decorators of the project are read": (
        """
        === app.py
        from functools import wraps
        from flask import Flask, abort, request
        from elsewhere import mystery
        app = Flask(__name__)

        def members(view):
            @wraps(view)
            def inner(*args):
                if not request.headers.get("Authorization"):
                    abort(401)
                return view(*args)
            return inner

        def counted(view):
            @wraps(view)
            def inner(*args):
                return view(*args)
            return inner

        @app.get("/members")
        @counted
        @members
        def a(): ...

        @app.get("/all")
        @counted
        def b(): ...

        @app.get("/unknown")
        @mystery
        def c(): ...
        """,
        """
        GET /members -> app.py:a [members]
        GET /all -> app.py:b
        GET /unknown -> app.py:c [?]
        """,
    ),
    "calls of clients, caches and tests are no routes": (
        """
        === app.py
        import requests
        from fastapi.testclient import TestClient
        from fastapi import FastAPI
        app = FastAPI()
        client = TestClient(app)
        requests.get("/a", timeout=1)
        client.get("/b")
        cache.get("/c", default)

        @cache.get("/d")
        def d(): ...
        === tests/test_app.py
        from app import app
        @app.get("/only-in-tests")
        def t(): ...
        """,
        "",
    ),
    "half-typed code keeps its other routes": (
        """
        === app.py
        from fastapi import FastAPI
        app = FastAPI()

        @app.get("/a")
        def a(): ...

        @app.get("/b
        def b(:

        @app.get("/ç/{näme}")
        def c(): ...
        """,
        """
        GET /a -> app.py:a
        GET /ç/{näme} -> app.py:c
        """,
    ),
}

EXPRESS = {
    "guards inside a wrapper": (
        """
        === app.js
        const express = require("express");
        const wrap = require("./wrap");
        const auth = require("./auth");
        const orders = require("./orders");
        const app = express();
        app.get("/orders", wrap(auth.jwt), orders.view("x"), wrap(orders.all));
        app.get("/open", wrap(orders.some), wrap(orders.all));
        === wrap.js
        module.exports = function wrap(fn) { return (...args) => fn(...args).catch(args[2]); };
        === auth.js
        function authenticate(kind) {
          return function auth(req, res, next) {
            if (!req.user) throw new CustomError("no", 401);
            next();
          };
        }
        const jwt = authenticate("jwt");
        module.exports = { jwt };
        === orders.js
        function all(req, res) { res.json(rows()); }
        function some(req, res, next) { next(); }
        function view(name) { return (req, res, next) => { res.locals.view = name; next(); }; }
        module.exports = { all, some, view };
        """,
        """
        GET /orders -> orders.js:orders.all [auth.jwt]
        GET /open -> orders.js:orders.all
        """,
    ),
    "routers of other files, mounted below a prefix and behind a guard": (
        """
        === server.js
        const express = require("express");
        const cors = require("cors");
        const { requireAuth } = require("./auth");
        const orders = require("./routes/orders");
        const app = express();
        app.use(cors());
        app.use(express.json());
        app.get("/health", (req, res) => res.send("ok"));
        app.use("/api/orders", requireAuth, orders);
        app.use("/api/users", require("./routes/users"));
        app.listen(3000);
        === auth.js
        module.exports = {
          requireAuth(req, res, next) {
            if (!req.user) return res.status(401).end();
            next();
          },
        };
        === routes/orders.js
        const { Router } = require("express");
        const controller = require("../controllers/orders");
        const router = Router({ mergeParams: true });
        router.route("/").get(controller.list).post(controller.create);
        router.get("/:id", async (req, res) => res.json(await find(req.params.id)));
        module.exports = router;
        === controllers/orders.js
        exports.list = async (req, res) => res.json([]);
        exports.create = async function (req, res) { res.json({}); };
        === routes/users.js
        const express = require("express");
        const router = express.Router();
        router.get("/", (req, res) => res.json([]));
        module.exports = router;
        """,
        """
        GET /health -> server.js:function
        GET /api/orders -> controllers/orders.js:controller.list [requireAuth]
        POST /api/orders -> controllers/orders.js:controller.create [requireAuth]
        GET /api/orders/{id} -> routes/orders.js:function [requireAuth]
        GET /api/users -> routes/users.js:function
        """,
    ),
    "modules, default exports, re-exports and `.js` for `.ts`": (
        """
        === src/app.ts
        import express, { Application } from "express";
        import routes from "./routes/index.js";
        import { PREFIX } from "./config";
        const app: Application = express();
        app.use(PREFIX, routes);
        export default app;
        === src/config.ts
        export const PREFIX = "/v1";
        === src/routes/index.ts
        import { Router } from "express";
        import { users } from "./barrel";
        const router = Router();
        const all = [{ path: "/users", route: users }];
        all.forEach((one) => { router.use(one.path, one.route); });
        export default router;
        === src/routes/barrel.ts
        export { default as users } from "./users";
        export * from "./nothing";
        === src/routes/users.ts
        import { Router, Request, Response } from "express";
        import passport from "passport";
        import { catchAsync } from "../utils";
        import * as controller from "../controller";
        const router: Router = Router();
        router.get("/me", passport.authenticate("jwt", { session: false }), catchAsync(controller.me));
        router.post("/", [validate(schema)], controller.create);
        export default router;
        === src/utils.ts
        export const catchAsync = (fn: any) => (req: any, res: any, next: any) => {
          Promise.resolve(fn(req, res, next)).catch((e) => next(e));
        };
        === src/controller.ts
        export const me = async (req: any, res: any) => { res.json(1); };
        export async function create(req: any, res: any) { res.json(1); }
        """,
        """
        GET /v1/users/me -> src/controller.ts:controller.me [passport.authenticate]
        POST /v1/users -> src/controller.ts:controller.create
        """,
    ),
    "a guard covers what comes after it, below its own path, in whole segments": (
        """
        === app.js
        import express from "express";
        const app = express();
        app.get("/first", (req, res) => res.send(1));
        app.use("/admin", requireAdmin);
        app.get("/admin/a", (req, res) => res.send(1));
        app.get("/administration", (req, res) => res.send(1));
        app.all("/secret/*", ensureLoggedIn("/login"));
        app.get("/secret/b", (req, res) => res.send(1));
        const own = express.Router();
        own.use(verifyToken);
        own.get("/c", (req, res) => res.send(1));
        app.use("/own", own);
        app.get("/other", (req, res) => res.send(1));
        app.use(mystery());
        app.get("/last", (req, res) => res.send(1));
        """,
        """
        GET /first -> app.js:function
        GET /admin/a -> app.js:function [requireAdmin]
        GET /administration -> app.js:function
        GET /secret/b -> app.js:function [ensureLoggedIn]
        GET /own/c -> app.js:function [verifyToken]
        GET /other -> app.js:function
        GET /last -> app.js:function [?]
        """,
    ),
    "functions that are given the application": (
        """
        === index.js
        const express = require("express");
        const app = express();
        require("./routes/a")(app);
        const register = require("./routes/b");
        register(app, 1);
        === routes/a.js
        module.exports = (app) => {
          app.get(["/a", "/aa"], (req, res) => res.send(1));
        };
        === routes/b.js
        module.exports = function (server) {
          server.delete("/b/:id(\\\\d+)", guardless);
        };
        function guardless(req, res) { res.send(1); }
        === routes/lost.js
        export default function (app) {
          app.get("/lost", (req, res) => res.send(1));
        }
        """,
        """
        GET /a -> routes/a.js:function
        GET /aa -> routes/a.js:function
        DELETE /b/{id} -> routes/b.js:guardless
        GET /lost -> routes/lost.js:function [?] (not mounted)
        """,
    ),
    "an application in a class, and routers that functions return": (
        """
        === src/app.ts
        import express from "express";
        import api from "./api";
        export class App {
          public app: express.Application;
          constructor() {
            this.app = express();
            this.routes();
          }
          private routes(): void {
            this.app.get("/status", this.status);
            this.app.use("/api", api());
          }
          status(req, res) { res.json({}); }
        }
        === src/api.ts
        import { Router } from "express";
        import user from "./user";
        export default () => {
          const app = Router();
          user(app);
          return app;
        };
        === src/user.ts
        import { Router } from "express";
        import { isAuth } from "./isAuth";
        const route = Router();
        export default (app: Router) => {
          app.use("/users", route);
          route.get("/me", isAuth, (req, res) => res.json(req.user));
        };
        === src/isAuth.ts
        export const isAuth = (req, res, next) => { if (!token(req)) throw new UnauthorizedError(); next(); };
        """,
        """
        GET /status -> src/app.ts:App.status
        GET /api/users/me -> src/user.ts:function [isAuth, ?]
        """,
    ),
    "calls that look like routes": (
        """
        === app.js
        import express from "express";
        import axios from "axios";
        import request from "supertest";
        const app = express();
        axios.get("/x", config);
        await Promise.all("/y", work);
        request(app).get("/z").set(a, b);
        cache.get("key", fallback);
        app.get("setting");
        new Map().get("/m", f);
        === app.test.js
        import app from "./app";
        app.get("/t", (req, res) => res.send(1));
        """,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_python(case: str) -> None:
    text, expected = CASES[case]
    assert found(text) == lines(expected)


@pytest.mark.parametrize("case", EXPRESS)
def test_express(case: str) -> None:
    text, expected = EXPRESS[case]
    assert found(text) == lines(expected)


def test_declarations_can_be_kept() -> None:
    space = workspace(CASES["routers in a loop, from a factory and in a class"][0])
    for value in space.each(route_declarations).values():
        raw = msgspec.msgpack.encode(value)
        assert msgspec.msgpack.decode(raw, type=route_declarations.type) == value


def test_names_are_resolved_through_packages_and_cycles() -> None:
    space = workspace("""
        === pkg/__init__.py
        from .a import *
        from .cycle import thing
        === pkg/a.py
        from pkg.b import deep as shallow
        === pkg/b.py
        def deep(): ...
        === pkg/cycle.py
        from pkg import thing
        === main.py
        from pkg import shallow, thing
        import pkg.b
        """)
    assert resolve(space, "main.py", "shallow") == ("pkg/b.py", "deep")
    assert resolve(space, "main.py", "pkg.b.deep") == ("pkg/b.py", "deep")
    assert resolve(space, "main.py", "missing") is None
    resolve(space, "main.py", "thing")
