"""The world around a JavaScript process: other programs, files, logs, tokens.

`child_process` has no deadline unless `timeout` sets one; the functions whose name ends in `Sync` stop
the event loop until they are done.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    Block,
    Decode,
    Encode,
    Library,
    Log,
    Meaning,
    Open,
    Process,
    Timeout,
    Where,
    arg,
    methods,
    option,
)


def _process(options: tuple[int, ...], *, by_shell: bool, blocking: bool, waits: bool) -> Process:
    """`exec(command, options)` and `execFile(file, arguments, options)`."""
    timeout = Timeout(
        call=tuple(option(place, "timeout", "signal") for place in options), zero_is_none=True
    )
    asked: bool | Where = True if by_shell else option(options[-1], "shell")
    return Process(arg(0), asked, timeout, blocking=blocking, waits=waits)


PROCESSES = Library(
    "ecmascript",
    calls={
        "child_process.exec": _process((1,), by_shell=True, blocking=False, waits=True),
        "child_process.execSync": _process((1,), by_shell=True, blocking=True, waits=True),
        "child_process.execFile": _process((1, 2), by_shell=False, blocking=False, waits=True),
        "child_process.execFileSync": _process((1, 2), by_shell=False, blocking=True, waits=True),
        "child_process.spawn": _process((1, 2), by_shell=False, blocking=False, waits=False),
        "child_process.spawnSync": _process((1, 2), by_shell=False, blocking=True, waits=True),
        "child_process.fork": _process((1, 2), by_shell=False, blocking=False, waits=False),
    },
)

_FILE_FUNCTIONS = """
    readFile writeFile appendFile readdir mkdir rm rmdir unlink rename copyFile stat lstat access
    open realpath
    """
_SYNC = " ".join(f"{name}Sync" for name in _FILE_FUNCTIONS.split())

FILES = Library(
    "ecmascript",
    calls={
        **methods("fs", _FILE_FUNCTIONS, Open(arg(0), blocking=False)),
        **methods("fs.promises", _FILE_FUNCTIONS, Open(arg(0), blocking=False)),
        **methods("fs", f"{_SYNC} existsSync", Open(arg(0), blocking=True)),
        **methods("fs", "createReadStream createWriteStream", Open(arg(0), blocking=False)),
        **methods(
            "crypto",
            "pbkdf2Sync scryptSync generateKeyPairSync",
            Block("a slow key derivation"),
        ),
        **methods(
            "zlib",
            "gzipSync gunzipSync deflateSync inflateSync brotliCompressSync",
            Block("compression"),
        ),
        **methods("bcrypt", "hashSync compareSync", Block("a slow password hash")),
        **methods("bcryptjs", "hashSync compareSync", Block("a slow password hash")),
    },
    aliases={
        "fs/promises": "fs.promises",
        **{f"fs/promises.{name}": f"fs.promises.{name}" for name in _FILE_FUNCTIONS.split()},
    },
)


def _levels(owner: str) -> dict[str, Meaning]:
    names = {"warn": "warning", "log": "info", "trace": "debug", "fatal": "critical"}
    return {
        f"{owner}.{level}": Log(names.get(level, level))
        for level in ("trace", "debug", "info", "log", "warn", "error", "fatal")
    }


LOGGING = Library(
    "ecmascript",
    calls={
        **_levels("console"),
        **_levels("pino.Logger"),
        **_levels("winston.Logger"),
        **_levels("winston"),
    },
    returns={
        "pino": "pino.Logger",
        "pino.pino": "pino.Logger",
        "pino.Logger.child": "pino.Logger",
        "winston.createLogger": "winston.Logger",
        "winston.Logger.child": "winston.Logger",
    },
)

TOKENS = Library(
    "ecmascript",
    calls={
        "jsonwebtoken.verify": Decode(arg(1), (option(2, "algorithms"),)),
        "jsonwebtoken.decode": Decode(Where(), (), verifies=False),
        "jsonwebtoken.sign": Encode(arg(1), (option(2, "algorithm"),)),
    },
)

LIBRARIES = (PROCESSES, FILES, LOGGING, TOKENS)
