"""Removes what a run that died has left behind: `python -m asking.clean RUN`."""

import sys

from asking.account import Account, Unusable
from asking.belongings import Belongings


def main() -> None:
    """Finds and removes."""
    if len(sys.argv) != 2:
        sys.exit("which run? --clean RUN, the eight digits in its first lines")
    try:
        belongings = Belongings(Account(), sys.argv[1])
    except Unusable as why:
        sys.exit(str(why))
    if left := belongings.find() + belongings.remove():
        sys.exit("not removed:\n  " + "\n  ".join(left))
    print(f"nothing is left of run {belongings.run}")


if __name__ == "__main__":
    main()
