"""Runs the targets, each in a process of its own, and tells what was found.

    python -m tests.fuzz                     every target, ten minutes each, two at a time
    python -m tests.fuzz --seconds 60 pdf    one of them, for a minute
    python -m tests.fuzz --list

Seeds and what the fuzzer learned lie in `.cache/fuzz/<target>/corpus`; a find is written to
`.cache/fuzz/<target>/crash-…` (slow: `timeout-…`, big: `oom-…`) and becomes a test. Exit 1 if
anything was found.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "fuzz"
TEN_MINUTES = 600
WALL_SECONDS = 10
"""The judge's own limit for one document."""
MEMORY_MIB = 1024
"""The judge's 512 MiB and as much for the instrumented interpreter."""
_RUNS = re.compile(r"Done (\d+) runs|#(\d+)\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one target ended."""

    target: str
    runs: int
    finds: tuple[Path, ...]
    words: str
    """The end of what the fuzzer said, if it ended otherwise than by its time."""


def main() -> int:
    """Read the arguments, run, print a line a target."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them by default")
    parser.add_argument("--seconds", type=int, default=TEN_MINUTES, help="for each target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="name the targets and end")
    args = parser.parse_args()
    if args.list:
        for target in TARGETS.values():
            say(f"{target.name:12} {target.about}")
        return 0
    unknown = set(args.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; --list names them")
    chosen = [TARGETS[name] for name in args.targets or TARGETS]
    found = False
    with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
        for outcome in pool.map(lambda target: run(target, args.seconds), chosen):
            found |= bool(outcome.finds or outcome.words)
            say(f"{outcome.target:12} {outcome.runs:>10,} runs  {len(outcome.finds)} found")
            for find in outcome.finds:
                say(f"{'':12} {find}")
            if outcome.words:
                say(outcome.words)
    return 1 if found else 0


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(target: Target, seconds: int) -> Outcome:
    """Fuzz one target for so many seconds."""
    folder = FOLDER / target.name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*-*"))
    command = [
        *(sys.executable, "-m", "tests.fuzz.one", target.name, str(corpus)),
        *(f"-max_total_time={seconds}", f"-timeout={WALL_SECONDS}"),
        *(f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={target.most_bytes}"),
        *(f"-artifact_prefix={folder}/", "-print_final_stats=0", str(corpus)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout  # the fuzzer's words, then the traceback
    runs = max((int(a or b) for a, b in _RUNS.findall(said)), default=0)
    finds = tuple(sorted(set(folder.glob("*-*")) - before))
    words = "" if done.returncode == 0 and runs else said[-3000:]
    return Outcome(target=target.name, runs=runs, finds=finds, words=words)


if __name__ == "__main__":
    sys.exit(main())
