"""What the specification promises of any server, garbage and hurry included."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_engineer.lsp.loop import BackendEngineer
from backend_engineer.lsp.server import main, make
from tests.lsp.client import FULL, SECONDS, Client, Refused

Start = Callable[..., Client]


def test_requests_before_initialize_are_refused(start: Start) -> None:
    client = start()
    with pytest.raises(Refused) as refused:
        client.request("textDocument/hover", {})
    assert refused.value.code == -32002
    client.initialize()
    with pytest.raises(Refused) as again:
        client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert again.value.code == -32600
    client.stop()


def test_requests_after_shutdown_are_refused(start: Start) -> None:
    client = start()
    client.initialize()
    assert client.request("shutdown") is None
    with pytest.raises(Refused) as refused:
        client.request("workspace/symbol", {"query": ""})
    assert refused.value.code == -32600
    client.notify("exit")
    assert client.process.wait(SECONDS) == 0


def test_exit_without_shutdown_is_a_failure(start: Start) -> None:
    client = start()
    client.initialize()
    client.notify("exit")
    assert client.process.wait(SECONDS) == 1


def test_the_end_of_the_input_ends_the_server(start: Start) -> None:
    client = start()
    client.initialize()
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.process.wait(SECONDS) == 1


def test_a_client_that_is_killed_leaves_no_server() -> None:
    """The client dies without closing anything: its pipe is held open by somebody else."""
    script = (
        "import subprocess, sys, os\n"
        "sys.path.insert(0, os.getcwd())\n"
        "from tests.lsp.client import Client\n"
        "client = Client()\n"
        "client.initialize(process=os.getpid())\n"
        "print(client.process.pid, flush=True)\n"
        "import time; time.sleep(60)\n"
    )
    read, write = os.pipe()
    client = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, pass_fds=(write,), cwd=Path.cwd()
    )
    os.close(write)
    assert client.stdout is not None
    server = int(client.stdout.readline())
    client.send_signal(signal.SIGKILL)
    client.wait()
    client.stdout.close()
    os.close(read)
    end = time.monotonic() + SECONDS
    while Path(f"/proc/{server}").exists() and not _is_zombie(server):
        assert time.monotonic() < end, "the server is still there"
        time.sleep(0.05)


def _is_zombie(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_garbage_is_answered_or_skipped(start: Start) -> None:
    client = start()
    client.initialize()

    def send(body: bytes) -> None:
        client.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    send(b"{nonsense")
    with pytest.raises(Refused) as parse:
        client.answer(None)
    assert parse.value.code == -32700
    for body in (
        b"[]",
        b"1",
        b'{"id": 7, "method": "shutdown"}',
        b'{"jsonrpc": "2.0", "method": 4}',
    ):
        send(body)
        with pytest.raises(Refused) as invalid:
            client.answer(7 if b"7" in body else None)
        assert invalid.value.code == -32600
    send(b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "textDocument/hover", "params": {}}')
    with pytest.raises(Refused) as bad_id:
        client.answer(None)
    assert bad_id.value.code == -32600
    client.write(b"Content-Length: abc\r\n\r\nrubbish without end")
    send(b"[" * 100_000)
    with pytest.raises(Refused):
        client.answer(None)
    send(b'{"jsonrpc": "2.0", "id": 99, "result": null}')
    client.write(b"X-Unknown: 1\r\n\r\n\r\n")
    assert client.request("workspace/symbol", {"query": "x"}) == []
    client.stop()


def test_unknown_methods_and_bad_parameters(shared: tuple[Client, Path]) -> None:
    client, root = shared
    for method in ("nothing/known", "$/nothing"):
        with pytest.raises(Refused) as unknown:
            client.request(method, {})
        assert unknown.value.code == -32601
    client.notify("$/nothing", {})
    client.notify("nothing/known", {"jsonrpc": "2.0"})
    wrong: list[object] = [None, {}, [], {"textDocument": {"uri": 4}}, {"jsonrpc": "2.0", "id": 5}]
    for params in wrong:
        with pytest.raises(Refused) as bad:
            client.request("textDocument/hover", params)
        assert bad.value.code == -32602
    outside = {"line": 10**6, "character": 10**6}
    nowhere = {"textDocument": {"uri": "file:///no/such/file.py"}, "position": outside}
    assert client.request("textDocument/hover", nowhere) is None
    uri = (root / "app.py").as_uri()
    client.open(uri, "x = 1\n")
    at = {"textDocument": {"uri": uri}, "position": outside}
    assert client.request("textDocument/hover", at) is None
    client.close(uri)


def test_a_bad_notification_is_ignored_with_a_warning(start: Start) -> None:
    client = start()
    client.initialize()
    client.notify("textDocument/didOpen", {"textDocument": {}})
    client.notify("textDocument/didChange", {})
    client.notify("$/cancelRequest", {})
    client.until(lambda: len(client.log) == 3 or None, "three warnings")
    assert {entry["type"] for entry in client.log} == {2}
    client.log.clear()
    client.stop()


def test_a_cancelled_request_is_answered(shared: tuple[Client, Path]) -> None:
    """Both in one write: the cancellation is seen while the request still waits in the queue."""
    client, _ = shared
    messages = b""
    for message in (
        {"id": "c", "method": "workspace/symbol", "params": {"query": ""}},
        {"method": "$/cancelRequest", "params": {"id": "c"}},
        {"method": "$/cancelRequest", "params": {"id": "never"}},
    ):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        messages += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    codes = set()
    for _ in range(5):
        client.write(messages)
        try:
            client.answer("c")
            codes.add(0)
        except Refused as refused:
            codes.add(refused.code)
    assert -32800 in codes


def test_trace_and_log(start: Start) -> None:
    client = start()
    client.initialize(trace="messages")
    client.request("workspace/symbol", {"query": "x"})
    client.until(lambda: client.traces or None, "a trace")
    assert "received workspace/symbol" in " ".join(one["message"] for one in client.traces)
    client.notify("$/setTrace", {"value": "off"})
    client.request("workspace/symbol", {"query": "x"})
    seen = len(client.traces)
    client.request("workspace/symbol", {"query": "x"})
    assert len(client.traces) == seen
    client.stop()


def test_the_settings_can_ask_for_a_trace(shop: Path, start: Start) -> None:
    (shop / "backend-engineer.toml").write_text('[lsp]\ntrace = "verbose"\n')
    client = start()
    client.initialize(shop)
    client.indexed()
    client.request("workspace/symbol", {"query": "x"})
    answered = client.until(
        lambda: [t for t in client.traces if t["message"].startswith("answered")] or None, "a trace"
    )
    assert answered[0]["verbose"].endswith(" ms")
    client.stop()


def test_nothing_is_kept_of_a_message_that_is_done() -> None:
    """Of the server's own books: this process feeds a protocol by hand."""
    server = make()
    protocol = server.protocol
    sent: list[bytes] = []

    class Sink:
        def write(self, data: bytes) -> None:
            sent.append(data)

        def close(self) -> None:
            pass

    protocol.set_writer(Sink())
    root = {"processId": None, "rootUri": None, "capabilities": FULL}
    say = [{"id": 1, "method": "initialize", "params": root}]
    item = {"uri": "file:///a.py", "languageId": "python", "version": 0, "text": "x = 1\n"}
    say.append({"method": "textDocument/didOpen", "params": {"textDocument": item}})
    for message in say:
        _feed(server, message)
    server.inbox.take(0)
    for version in range(1, 500):
        at = {"line": 0, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": "y"}
        params = {
            "textDocument": {"uri": "file:///a.py", "version": version},
            "contentChanges": [change],
        }
        _feed(server, {"method": "textDocument/didChange", "params": params})
        _feed(server, {"id": version + 1, "method": "nothing/known", "params": {}})
    changes = server.inbox.take(0)
    assert len(changes) == 499
    assert protocol.calls == {}
    assert dict(protocol._request_futures) == {}
    assert protocol._result_types == {}
    document = server.documents["file:///a.py"]
    document.reviewed(document.text)
    assert document.since(document.text) == ()
    assert document._trail == []
    assert len(sent) == 500


def _feed(server: BackendEngineer, message: dict[str, object]) -> None:
    protocol = server.protocol
    protocol.feed(protocol.received(json.dumps({"jsonrpc": "2.0", **message}).encode()))


def test_a_loopback_socket() -> None:
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "backend_engineer", "lsp", "--tcp", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    port = int(process.stderr.readline().rsplit(b":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}'
        connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert b"Content-Length" in connection.recv(100)
    assert process.wait(SECONDS) == 1
    process.stderr.close()


@pytest.mark.parametrize(
    "address", ["0.0.0.0:1", "192.168.1.4:80", "example.com:80", "127.0.0.1:x"]
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--tcp", address])
    assert refused.value.code == 2


BROKEN = """
import sys
sys.modules["backend_analyzers.analyze"] = None
from backend_engineer.lsp.server import main
raise SystemExit(main([]))
"""


def test_a_broken_installation_is_said(tmp_path: Path) -> None:
    """Nobody waits for ever for analyzers that cannot be loaded."""
    client = Client(program=("-I", "-c", BROKEN))
    try:
        client.initialize(tmp_path)
        uri = (tmp_path / "a.py").as_uri()
        client.open(uri, "x = 1\n")
        with pytest.raises(Refused) as refused:
            client.pull(uri)
        assert refused.value.code == -32603
        client.until(lambda: client.shown or None, "a message")
        assert "backend-engineer doctor" in client.shown[0]["message"]
        assert client.request("shutdown") is None
    finally:
        client.kill()
