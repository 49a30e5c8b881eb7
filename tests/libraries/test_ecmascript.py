"""What calls of JavaScript libraries mean, with the defaults of each library."""

from __future__ import annotations

from tests.flow.reading import typescript


def test_deadlines_of_http_clients() -> None:
    found = typescript("""
        import axios from "axios";
        import got from "got";
        import { request } from "undici";
        const api = axios.create({ baseURL: "x", timeout: 5000 });
        const slow = axios.create({ baseURL: "x" });
        const some = axios.create({ ...defaults });
        export async function f(signal) {
            await api.get("/a");
            await slow.post("/a", {});
            await slow.post("/a", {}, { timeout: 1 });
            await some.get("/a");
            await axios("http://x");
            await axios({ url: "x", method: "post", timeout: 0 });
            await fetch("/x");
            await fetch("/x", { method: "post", signal });
            await fetch("/x", { signal: AbortSignal.timeout(10) });
            await Promise.race([fetch("/x"), later()]);
            await got("x", { timeout: { request: 10 } });
            await got.get("x");
            await request("x");
        }
        """)
    assert found == [
        "HttpRequest axios.AxiosInstance.get GET timeout=present async",
        "HttpRequest axios.AxiosInstance.post POST timeout=absent async",
        "HttpRequest axios.AxiosInstance.post POST timeout=present async",
        "HttpRequest axios.AxiosInstance.get GET timeout=unknown async",
        "HttpRequest axios GET timeout=absent async",
        "HttpRequest axios POST timeout=absent async",
        "HttpRequest fetch GET timeout=absent async",
        "HttpRequest fetch POST timeout=unknown async",
        "HttpRequest fetch GET timeout=present async",
        "HttpRequest fetch GET timeout=unknown async",
        "HttpRequest got GET timeout=present async",
        "HttpRequest got.get GET timeout=absent async",
        "HttpRequest undici.request GET timeout=present async",
    ]


def test_a_module_may_set_the_deadline_of_all() -> None:
    found = typescript("""
        import axios from "axios";
        axios.defaults.timeout = 1000;
        const f = () => axios.get("/a");
        """)
    assert found == ["HttpRequest axios.get GET timeout=present async"]


def test_drivers() -> None:
    found = typescript("""
        import { Pool } from "pg";
        import mysql from "mysql2/promise";
        import Database from "better-sqlite3";
        import { PrismaClient } from "@prisma/client";
        const pool = new Pool({ connectionTimeoutMillis: 1000 });
        const knex = require("knex")(config);
        const prisma = new PrismaClient();
        class Orders {
            constructor(private readonly pool: Pool) {}
            async all(id: string) {
                await this.pool.query("SELECT a FROM b WHERE id = $1", [id]);
                await pool.query({ text: `SELECT ${id}`, values: [1] });
                pool.query("SELECT 1", (error, rows) => {});
                const client = await pool.connect();
                await client.query("BEGIN");
                const connection = await mysql.createConnection({});
                const [rows] = await connection.execute("SELECT a FROM b WHERE c = ?", [id]);
                const db = new Database("a.db");
                db.prepare("SELECT a FROM b").all();
                await knex.raw("SELECT a FROM b WHERE c = ?", [id]);
                await prisma.$queryRaw`SELECT a FROM b WHERE c = ${id}`;
                await prisma.$queryRawUnsafe("SELECT a FROM b WHERE c = " + id);
                await prisma.user.findMany();
            }
        }
        """)
    assert found == [
        "DatabaseConnect pg.Pool timeout=present pool async",
        "DatabaseQuery pg.Pool.query 'SELECT a FROM b WHERE id = $1' parameters async",
        "DatabaseQuery pg.Pool.query 'SELECT {}' parameters async",
        "DatabaseQuery pg.Pool.query 'SELECT 1' async",
        "DatabaseQuery pg.Client.query 'BEGIN' async",
        "DatabaseConnect mysql2.createConnection timeout=present async",
        "DatabaseQuery mysql2.Connection.execute 'SELECT a FROM b WHERE c = ?' parameters async",
        "DatabaseConnect better-sqlite3 timeout=present blocking",
        "DatabaseQuery better-sqlite3.Statement.all '?' many blocking",
        "DatabaseQuery better-sqlite3.Database.prepare 'SELECT a FROM b' blocking",
        "DatabaseQuery knex.Knex.raw 'SELECT a FROM b WHERE c = ?' parameters async",
        "DatabaseQuery @prisma/client.PrismaClient.$queryRaw 'SELECT a FROM b WHERE c = {}' parameters async",
        "DatabaseQuery @prisma/client.PrismaClient.$queryRawUnsafe 'SELECT a FROM b WHERE c = {}' async",
        "DatabaseQuery @prisma/client.Delegate.findMany '?' many async",
    ]


def test_sql_on_an_unknown_object_is_a_query() -> None:
    found = typescript("""
        import { db } from "./db";
        async function f(id) {
            await db.query(`SELECT a FROM b WHERE c = ${id}`);
            await db.any({ text: "SELECT a FROM b WHERE c = $1", values: [id] });
            await sql`SELECT a FROM b WHERE c = ${id}`;
            await db.query(sql`SELECT a FROM b WHERE c = ${id}`);
            items.query("pick a hat");
        }
        """)
    assert found == [
        "DatabaseQuery ./db.db.query 'SELECT a FROM b WHERE c = {}'",
        "DatabaseQuery ./db.db.any 'SELECT a FROM b WHERE c = $1' many",
        "DatabaseQuery sql 'SELECT a FROM b WHERE c = {}' parameters async",
        "DatabaseQuery ./db.db.query 'SELECT a FROM b WHERE c = {}' parameters",
    ]


def test_the_system() -> None:
    found = typescript("""
        import { exec, spawn } from "node:child_process";
        import fs from "fs";
        import { readFile } from "fs/promises";
        import jwt from "jsonwebtoken";
        import pino from "pino";
        const log = pino();
        app.get("/", (req, res) => {
            exec("ls " + req.query.dir);
            spawn("ls", [req.query.dir], { shell: true });
            fs.readFileSync("a"); readFile("b");
            jwt.verify(token, key, { algorithms: ["HS256"] });
            jwt.verify(token, key);
            jwt.decode(token);
            console.log("x", req.body); log.error({ a: 1 }, "b");
            res.status(500).json({ error: e.message });
            res.send(x);
        });
        """)
    assert found == [
        "ProcessRun child_process.exec shell timeout=absent async",
        "ProcessRun child_process.spawn shell timeout=absent async",
        "FileOpen fs.readFileSync blocking",
        "FileOpen fs.promises.readFile async",
        "TokenDecode jsonwebtoken.verify verify=True algorithms=('HS256',)",
        "TokenDecode jsonwebtoken.verify verify=True algorithms=()",
        "TokenDecode jsonwebtoken.decode verify=False algorithms=()",
        "LogWrite console.log info 2",
        "LogWrite pino.Logger.error error 2",
        "ResponseSent express.Response.json json 500",
        "ResponseSent express.Response.send html None",
    ]
