"""The account that is asked: credentials from the SDK's chain, two regions, and calls as they are.

Two kinds of clients. Those that ask never retry, so that the first answer is the one that is seen;
those that make and remove things are patient. What boto3 would mend behind our back (a redirect, an
encoding, a read to the end) is asked with :meth:`Account.raw` instead.
"""

import http.client
import os
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

# The first that is not the home region.
_AWAY = {
    "aws": ("eu-west-1", "us-west-2"),
    "aws-cn": ("cn-northwest-1", "cn-north-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
}

_SECONDS = 60


class Unusable(Exception):
    """Nothing can be asked like this; the message says what is missing."""


@dataclass(frozen=True)
class Answer:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def told(self) -> str:
        """Status and code, where the body has one."""
        code = re.search(r"<Code>(.*?)</Code>", self.body)
        return f"{self.status} {code[1]}" if code else str(self.status)


class Account:
    """One account, in two regions."""

    def __init__(self) -> None:
        # boto3 alone does not know AWS_REGION, which the other SDKs prefer.
        self._session = boto3.session.Session(region_name=os.environ.get("AWS_REGION"))
        home = self._session.region_name
        if home is None:
            raise Unusable("no region: set AWS_REGION")
        self.home: str = home
        self.partition: str = self._session.get_partition_for_region(home)
        others = _AWAY.get(self.partition, ())
        away = os.environ.get("AWS_SMOKE_AWAY") or next((r for r in others if r != home), None)
        if away is None or away == home:
            raise Unusable(f"no second region beside {home}: set AWS_SMOKE_AWAY")
        self.away = away
        self.endpoint = os.environ.get("AWS_ENDPOINT_URL")
        self._clients: dict[tuple[str, str, bool], Any] = {}

    def client(self, service: str, region: str, patient: bool = False, **more: Any) -> Any:
        """A client that asks once, or a patient one."""
        asked = (service, region, patient)
        if more or asked not in self._clients:
            attempts = 5 if patient else 1
            config = Config(
                retries={"total_max_attempts": attempts, "mode": "standard"},
                read_timeout=_SECONDS,
                max_pool_connections=32,
                s3={"addressing_style": "path"} if self.endpoint else None,
                **more,
            )
            made = self._session.client(service, region_name=region, config=config)
            if more:
                return made
            self._clients[asked] = made
        return self._clients[asked]

    def whose(self) -> str:
        """The account's number: whoever watches should see where this goes."""
        identity = self.client("sts", self.home, patient=True).get_caller_identity()
        return str(identity["Account"])

    def raw(self, method: str, region: str, path: str, **headers: str) -> Answer:
        """Sends one signed S3 request as it is. `path` is encoded already; `_` in names is `-`."""
        request = self._signed(method, region, path, headers)
        said = URLLib3Session(timeout=_SECONDS).send(request)
        found = {name.lower(): value for name, value in said.headers.items()}
        return Answer(said.status_code, found, said.content.decode(errors="replace"))

    def hang_up(self, method: str, region: str, path: str, **headers: str) -> None:
        """Sends one signed S3 request and hangs up without waiting for the answer."""
        request = self._signed(method, region, path, headers)
        url = urllib.parse.urlsplit(request.url)
        secure = url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(url.netloc, timeout=_SECONDS)
        plain = {name: _text(value) for name, value in request.headers.items()}
        connection.request(method, f"{url.path}?{url.query}".rstrip("?"), body=b"", headers=plain)
        connection.close()

    def env(self) -> dict[str, str]:
        """What the daemon needs to be this account, whichever way the credentials were found."""
        credentials = self._credentials()
        env = {
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_REGION": self.home,
        }
        if credentials.token:
            env["AWS_SESSION_TOKEN"] = credentials.token
        if self.endpoint:
            env["AWS_ENDPOINT_URL"] = self.endpoint
        proxies = ("HTTPS_PROXY", "https_proxy", "AWS_CA_BUNDLE", "SSL_CERT_FILE")
        return env | {name: os.environ[name] for name in proxies if name in os.environ}

    def _credentials(self) -> Any:
        found = self._session.get_credentials()
        if found is None:
            raise Unusable("no AWS credentials were found")
        return found.get_frozen_credentials()

    def _signed(self, method: str, region: str, path: str, headers: dict[str, str]) -> Any:
        endpoint = self.endpoint or f"https://s3.{region}.{_suffix(self.partition)}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method=method, url=f"{endpoint}/{path}", headers=named)
        S3SigV4Auth(self._credentials(), "s3", region).add_auth(request)
        return request.prepare()


def _suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def told(call: Any, **arguments: Any) -> str:
    """What a call was told, in short: `200`, `412 PreconditionFailed`; of a HEAD the status alone."""
    try:
        status = call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
        return str(status)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        return str(status) if code == str(status) else f"{status} {code}"
    except BotoCoreError as error:
        return type(error).__name__
