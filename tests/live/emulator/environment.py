"""What the processes we start may see of the environment.

Nobody's real credentials, profiles or proxies: a demo that reached an AWS account would be worse
than one that failed.
"""

import os

TEST_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

LOOPBACK = "127.0.0.1,localhost"

_PLAIN = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "USER", "TMPDIR", "COLUMNS", "NO_COLOR", "RUST_LOG")


def isolated() -> dict[str, str]:
    """A small environment with test credentials, no profile, no instance role and no proxy.

    Built from a list of what is harmless instead of cleaned: `AWS_*`, `BRIGADE_*`, proxies and
    the switches of the AWS emulators are then absent without being named.
    """
    env = {name: os.environ[name] for name in _PLAIN if name in os.environ}
    return env | TEST_CREDENTIALS | _NO_PROFILE


_NO_PROFILE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": LOOPBACK,
    "no_proxy": LOOPBACK,
}


def scrub() -> None:
    """Takes the same care of this process, whose boto3 talks to the AWS emulator."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BRIGADE_"))]:
        del os.environ[name]
    os.environ.update(TEST_CREDENTIALS | _NO_PROFILE)
