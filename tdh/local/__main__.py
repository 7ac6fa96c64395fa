"""`python -m tdh.local`: ends the private servers of this checkout, and what dead programs left.

For `make clean`: needs the standard library only, so that it runs without the environment too.
"""

import sys

from tdh.local.folders import CHECKOUT, sweep


def main() -> None:
    for folder in sweep(checkout=CHECKOUT):
        sys.stdout.write(f"removed {folder}\n")


if __name__ == "__main__":
    main()
