"""One target under atheris, in a process of its own: `python -m tests.fuzz.one NAME CORPUS`.

The seeds are made here, because their keys live as long as the process that judges them.
"""

import sys
from pathlib import Path

import atheris

INSTRUMENTED = ["signing", "tdh.domain", "asn1crypto"]
"""Where new paths count. pyHanko is left out: its size would slow everything down tenfold."""

with atheris.instrument_imports(include=INSTRUMENTED):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Hand over to the fuzzer, which never returns."""
    target = TARGETS[sys.argv.pop(1)]
    corpus = Path(sys.argv.pop(1))
    for old in corpus.glob("seed-*"):
        old.unlink()
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    atheris.Setup(sys.argv, target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
