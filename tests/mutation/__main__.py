"""The whole campaign: `python -m tests.mutation [--most N] [NAME…]`.

Every position of the small documents, 20,000 of the larger ones; some hours of a core. Prints a
line a document and the places at which mutants were accepted; exit 1 if there is a defect.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.mutation.campaign import Tally, run
from tests.mutation.documents import documents, in_depth
from tests.mutation.places import HARMLESS


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="documents; all by default")
    parser.add_argument("--most", type=int, help="positions of each document")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    args = parser.parse_args()
    chosen = [one for one in documents() if one.name in args.names] or in_depth()
    begin, places, broken = time.monotonic(), Counter[str](), False
    # Forked, so that all share the keys that signed the documents.
    with multiprocessing.get_context("fork").Pool(args.jobs, maxtasksperchild=1) as pool:
        work = [pool.apply_async(run, (one, args.seed, args.most)) for one in chosen]
        for future in work:
            tally = future.get()
            places += tally.accepted
            broken |= bool(tally.defects)
            sys.stdout.write("\n".join(_lines(tally)) + "\n")
            sys.stdout.flush()
    for place, count in sorted(places.items()):
        reason = HARMLESS.get(place, "NOT LISTED")
        sys.stdout.write(f"  accepted {count:6,}  {place}: {reason}\n")
    sys.stdout.write(f"{time.monotonic() - begin:.0f} s, seed {args.seed}\n")
    return 1 if broken else 0


def _lines(tally: Tally) -> list[str]:
    accepted = sum(tally.accepted.values())
    head = f"{tally.name:24} {tally.mutants:>7,} mutants  {accepted:>6,} accepted"
    return [f"{head}  {len(tally.defects)} defects", *(f"    {d}" for d in tally.defects[:20])]


if __name__ == "__main__":
    sys.exit(main())
