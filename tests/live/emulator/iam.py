"""IAM users whose rights and keys change while the daemon runs."""

import json
from dataclasses import dataclass
from typing import Any

from emulator.stands import Emulator

QUEUES = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
BUCKETS = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@dataclass(frozen=True)
class Key:
    """An access key."""

    id: str
    secret: str

    @property
    def env(self) -> dict[str, str]:
        """As the SDK's chain reads it."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}

    @property
    def json(self) -> str:
        """As a secret keeps it."""
        return json.dumps({"AccessKeyId": self.id, "SecretAccessKey": self.secret})


class User:
    """A user with one key; more can be made."""

    def __init__(self, on: Emulator, name: str, *statements: dict[str, Any]) -> None:
        self._iam = on.client("iam")
        self._name = name
        self._iam.create_user(UserName=name)
        self.key = self.new_key()
        self.may(*statements)

    def may(self, *statements: dict[str, Any]) -> None:
        """Replaces what the user may do."""
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        self._iam.put_user_policy(UserName=self._name, PolicyName="all", PolicyDocument=json.dumps(policy))

    def new_key(self) -> Key:
        """One more key; the others stay as they are."""
        made = self._iam.create_access_key(UserName=self._name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def set_key(self, status: str) -> None:
        """Makes the first key `Active` or `Inactive`."""
        self._iam.update_access_key(UserName=self._name, AccessKeyId=self.key.id, Status=status)
