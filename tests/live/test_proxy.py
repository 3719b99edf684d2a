"""Behind a proxy: every call goes through the one that the environment names, and none past it.

The names that are asked for exist nowhere, so whoever does not ask the proxy reaches nobody.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from conftest import Bench
from emulator.daemon import command
from emulator.environment import isolated

CONFIG = """
[aws]
endpoint_url = "{scheme}://aws.example.invalid"
region = "eu-west-1"
[queue.events]
url = "{scheme}://aws.example.invalid/000000000000/events"
[route.orders]
from = "s3://raw/incoming/"
to = "s3://lake/orders/"
[retry]
max_attempts = 2
initial_backoff = "1ms"
"""


@contextmanager
def _proxy() -> Iterator[tuple[str, set[str]]]:
    """One that lets nobody through, and what it was asked for: the first lines of requests."""
    asked: set[str] = set()

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.add(self.rfile.readline().decode().strip())
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def _check(bench: Bench, scheme: str, env: dict[str, str]) -> None:
    file = bench.folder / "proxy.toml"
    file.write_text(CONFIG.format(scheme=scheme))
    ended = command(
        bench.binary, "check", "--config", file, env=isolated() | env, cwd=bench.folder, seconds=120
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr


def test_calls_go_through_the_proxy_that_the_environment_names(bench: Bench) -> None:
    with _proxy() as (url, asked):
        _check(bench, "https", {"HTTPS_PROXY": url})
        assert asked == {"CONNECT aws.example.invalid:443 HTTP/1.1"}
    with _proxy() as (url, asked):
        _check(bench, "http", {"HTTP_PROXY": url})
        assert any(line.startswith("POST http://aws.example.invalid/") for line in asked), asked


def test_what_needs_no_proxy_goes_past_it(bench: Bench) -> None:
    with _proxy() as (url, asked):
        _check(bench, "https", {"HTTPS_PROXY": url, "NO_PROXY": ".example.invalid"})
        assert asked == set()
