"""The world around a Python process: other programs, files, sleep, sockets, logs.

Nothing here gives up by itself: `subprocess` waits for ever unless `timeout` says otherwise, and
`os.system` cannot be told.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    SOME_TIMEOUT,
    Block,
    Library,
    Log,
    Meaning,
    Open,
    Pause,
    Process,
    Timeout,
    arg,
    keyword,
    methods,
)

_WAIT = Timeout(call=(keyword("timeout"),))
_COMMAND = arg(0, "args")
_SHELL = keyword("shell")
_RUN = Process(_COMMAND, _SHELL, _WAIT, blocking=True)
_SHELL_RUN = Process(arg(0, "cmd"), by_shell=True, timeout=_WAIT, blocking=True)
_NEVER = Timeout()

PROCESSES = Library(
    "python",
    calls={
        **methods("subprocess", "run check_output check_call call", _RUN),
        **methods("subprocess", "getoutput getstatusoutput", _SHELL_RUN),
        "subprocess.Popen": Process(
            _COMMAND, _SHELL, Timeout(default=SOME_TIMEOUT), blocking=False, waits=False
        ),
        "subprocess.Popen.communicate": Block("waiting for a process"),
        "subprocess.Popen.wait": Block("waiting for a process"),
        "os.system": Process(arg(0, "command"), by_shell=True, timeout=_NEVER, blocking=True),
        "os.popen": Process(
            arg(0, "cmd"), by_shell=True, timeout=_NEVER, blocking=True, waits=False
        ),
        "asyncio.create_subprocess_shell": Process(
            arg(0, "cmd"),
            by_shell=True,
            timeout=Timeout(default=SOME_TIMEOUT),
            blocking=False,
            waits=False,
        ),
        "asyncio.create_subprocess_exec": Process(
            arg(0, "program"),
            by_shell=False,
            timeout=Timeout(default=SOME_TIMEOUT),
            blocking=False,
            waits=False,
        ),
    },
    types=("subprocess.Popen",),
)

_PATH_METHODS = (
    "open read_text read_bytes write_text write_bytes mkdir unlink rename replace rmdir touch"
)
_READ = Open(arg(0, "file"), blocking=True)

FILES = Library(
    "python",
    calls={
        "open": _READ,
        "io.open": _READ,
        "codecs.open": _READ,
        **methods("pathlib.Path", _PATH_METHODS, Open(None, blocking=True)),
        **methods("shutil", "copy copy2 copyfile copytree move rmtree", _READ),
        "aiofiles.open": Open(arg(0, "file"), blocking=False),
        **methods("os", "remove unlink rename replace mkdir makedirs listdir", _READ),
    },
    returns={
        "pathlib.Path": "pathlib.Path",
        **{
            f"pathlib.Path.{name}": "pathlib.Path"
            for name in ("resolve", "absolute", "joinpath", "expanduser", "with_suffix", "home")
        },
    },
    attributes={"pathlib.Path.parent": "pathlib.Path"},
)

WAITING = Library(
    "python",
    calls={
        "time.sleep": Pause(blocking=True),
        "asyncio.sleep": Pause(blocking=False),
        "anyio.sleep": Pause(blocking=False),
        **methods(
            "socket",
            "create_connection getaddrinfo gethostbyname gethostbyaddr gethostbyname_ex",
            Block("a socket call"),
        ),
        **methods("smtplib.SMTP", "sendmail send_message", Block("sending mail")),
        **methods("smtplib.SMTP_SSL", "sendmail send_message", Block("sending mail")),
        "input": Block("reading the terminal"),
    },
    types=("smtplib.SMTP", "smtplib.SMTP_SSL"),
)

_LEVELS = "debug info warning warn error critical exception"


def _levels(owner: str) -> dict[str, Meaning]:
    levels: dict[str, Meaning] = {
        f"{owner}.{level}": Log(_NAMES.get(level, level)) for level in _LEVELS.split()
    }
    levels[f"{owner}.log"] = Log("", skip=1)
    return levels


_NAMES = {"warn": "warning", "exception": "error"}

LOGGING = Library(
    "python",
    calls={
        **_levels("logging"),
        **_levels("logging.Logger"),
        **_levels("structlog.BoundLogger"),
        **_levels("loguru.logger"),
    },
    types=("logging.Logger",),
    returns={
        "logging.getLogger": "logging.Logger",
        "logging.Logger.getChild": "logging.Logger",
        "structlog.get_logger": "structlog.BoundLogger",
        "structlog.getLogger": "structlog.BoundLogger",
        "structlog.BoundLogger.bind": "structlog.BoundLogger",
    },
    bases={"logging.LoggerAdapter": "logging.Logger"},
)

LIBRARIES = (PROCESSES, FILES, WAITING, LOGGING)
