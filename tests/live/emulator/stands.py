"""Starting and stopping the AWS emulators."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator import HOME
from emulator.environment import isolated
from emulator.process import Process, free_port
from emulator.venv import Say, ensure

_START_SECONDS = 60


@dataclass(frozen=True)
class Product:
    """One AWS emulator: how it is started and where it says that it is up."""

    name: str
    command: Callable[[Path, int], list[str | Path]]
    env: Callable[[int, Path], dict[str, str]]
    health: str


def _localstack_env(port: int, folder: Path) -> dict[str, str]:
    """Host mode: no Docker, no account, no network, nothing outside `folder`."""
    return {
        "OVERRIDE_IN_DOCKER": "0",
        # Without this server it listens on every interface.
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "DNS_ADDRESS": "0",
        "USE_SSL": "0",
        "EAGER_SERVICE_LOADING": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "FILESYSTEM_ROOT": str(folder),
        "HOME": str(folder),
    }


MINISTACK = Product(
    name="ministack",
    command=lambda python, _port: [python.with_name("ministack")],
    # Lambda, RDS and the like would look for Docker: there is none.
    env=lambda port, folder: {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(folder),
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    },
    health="/_ministack/health",
)

LOCALSTACK = Product(
    name="localstack",
    command=lambda python, _port: [python, "-m", "localstack.runtime.main"],
    env=_localstack_env,
    health="/_localstack/health",
)

MOTO = Product(
    name="moto",
    command=lambda python, port: [python.with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
    env=lambda _port, folder: {"TMPDIR": str(folder)},
    health="/moto-api/",
)

PRODUCTS = {product.name: product for product in (MINISTACK, LOCALSTACK, MOTO)}


@dataclass
class Emulator:
    """A running AWS emulator. Use as a context manager, or call :meth:`stop`."""

    name: str
    endpoint: str
    process: Process
    _clients: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = HOME, key: str = "test", secret: str = "test") -> Any:
        """A boto3 client; the same one for the same question, as making one costs 50 ms."""
        asked = (service, region, key, secret)
        if asked not in self._clients:
            self._clients[asked] = _client(self.endpoint, *asked)
        return self._clients[asked]

    def env(self) -> dict[str, str]:
        """What a program needs to find this AWS emulator instead of AWS."""
        return isolated() | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": HOME}

    def stop(self) -> None:
        """Ends it; what it held is gone."""
        self.process.stop()

    def __enter__(self) -> "Emulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    product: Product, folder: Path, say: Say = print, switches: Mapping[str, str] | None = None
) -> Emulator:
    """Starts an AWS emulator on loopback and waits until it answers. `switches` go into its environment."""
    python = ensure(product.name, say)
    port = free_port()
    home = folder / product.name
    home.mkdir(parents=True, exist_ok=True)
    env = isolated() | product.env(port, home) | dict(switches or {})
    process = Process(product.command(python, port), env, home.with_suffix(".log"), cwd=home)
    emulator = Emulator(product.name, f"http://127.0.0.1:{port}", process)
    try:
        _wait_for(emulator, product.health)
    except BaseException:
        emulator.stop()
        raise
    return emulator


def _wait_for(emulator: Emulator, path: str) -> None:
    end = time.monotonic() + _START_SECONDS
    # The proxy of the environment, if any, is not for loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(emulator.endpoint + path, timeout=2):
                return
        except (OSError, urllib.error.URLError) as error:
            if emulator.process.exit_code is not None or time.monotonic() > end:
                raise AssertionError(
                    f"{emulator.name} did not start: {error}\n{emulator.process.tail()}"
                ) from error
        time.sleep(0.05)


def _client(endpoint: str, service: str, region: str, key: str, secret: str) -> Any:
    import boto3
    from botocore.config import Config

    # Never the proxy, and room for the threads that upload and compare.
    config = Config(
        proxies={}, max_pool_connections=32, s3={"addressing_style": "path"}, retries={"max_attempts": 2}
    )
    return boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
    )
