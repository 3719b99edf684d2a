"""Asks a real AWS account the questions of docs/internals/verified.md, and sends objects through the real binary.

    AWS_SMOKE=yes python3 tests/smoke/run.py [pytest's arguments]
    AWS_SMOKE=yes python3 tests/smoke/run.py --clean RUN

It makes things that cost money, so it wants to be told so. Credentials and region come from the
SDK's chain, as for any AWS tool; `AWS_ENDPOINT_URL` leads to an AWS emulator instead.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIVE = HERE.parent / "live"

WARNING = """\
This asks a real AWS account. Set AWS_SMOKE=yes if that is what you want.

It makes, in the account of your credentials, named brigade-smoke-RUN-… and tagged brigade-smoke=RUN:
  5 buckets (3 in the region of your credentials, 2 in another one), 2 of them versioned, 1 with a policy
  about 14 SQS queues, one pair of them fed by the buckets' notifications
  some 200 objects, 300 MiB in all, half of it copied between the regions
Nothing else is touched. In the end all of it is removed, also after Ctrl-C. It needs s3:* and sqs:* on
these names, and s3:ListAllMyBuckets and sqs:ListQueues for --clean.

It takes about 5 minutes and costs about 2 US cents (requests, and traffic between regions).

Variables:
  AWS_REGION             the home region
  AWS_SMOKE_AWAY         the other one, in the same partition   (eu-west-1, else us-west-2)
  AWS_SMOKE_KMS_KEY      a KMS key there, for question 33       (not asked without)
  BRIGADE_BIN            the daemon under test                  (target/release/brigade)
  AWS_ENDPOINT_URL       an AWS emulator, to try the questions themselves

Should it die before its end, its first lines name the RUN. Then:
  AWS_SMOKE=yes make aws-smoke ARGS="--clean RUN"
"""


def main() -> None:
    """Refuses or prepares, then hands over to pytest."""
    if os.environ.get("AWS_SMOKE") != "yes":
        sys.exit(WARNING)
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed.")
    sys.path.insert(0, str(LIVE))
    from emulator import venv

    try:
        python = venv.ensure("smoke", wanted=HERE / "requirements.txt")
    except venv.MissingTool as missing:
        sys.exit(f"\n{missing}\n")
    if sys.argv[1:2] == ["--clean"]:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), str(LIVE)])
        os.execv(python, [str(python), "-m", "asking.clean", *sys.argv[2:]])
    venv.run_pytest(python, HERE)


if __name__ == "__main__":
    main()
