"""Makes the letter that the judge's program judges when it starts: `python -m tests.pki.sample`.

Only needed again before 2044, when its certificates end, or if the self-test should hold more.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from signing.judge.selftest import SAMPLE
from tests.pki import make


def main(folder: Path = SAMPLE) -> None:
    """Write a fresh PKI's trust folder and a B-T letter below `folder`."""
    with tempfile.TemporaryDirectory() as work:
        pki = make.make_pki(Path(work))
        letter = make.sign_pdf(
            make.simple_pdf("TDH"), pki.signers["good"], timestamp=pki.timestamp(make.SIGNED_AT)
        )
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(pki.trust_folder, folder / "trust")
        (folder / "letter.pdf").write_bytes(letter)


if __name__ == "__main__":
    sys.exit(main())
