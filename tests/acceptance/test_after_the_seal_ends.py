"""Years later: the seal, its root and the operator's timestamps have ended, by every clock.

`faketime` gives the programs the date. The archive record (RFC 4998), renewed in its time, is what
still proves; xmlsec1, which knows certificates only, has nothing left to go by.
"""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from archive_samples import Authority
from cryptography.hazmat.primitives.serialization import Encoding
from proof_samples import COMPANY, NOW, Operator

from signing import certificates as made
from signing.archive.renewal import renewal_leaf, renewed
from signing.trust_file import TrustFile

YEAR = timedelta(days=365)
SOON, LATER = NOW + timedelta(days=1), NOW + 6 * YEAR
JAVA = Path(__file__).with_name("OutsideRecord.java")
JARS = ":".join(f"/usr/share/java/{jar}.jar" for jar in ("bcpkix", "bcprov", "bcutil"))
SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


class Kept:
    """A delivery's evidence as its sender kept it, archive records renewed by an outsider."""

    def __init__(self, folder: Path) -> None:
        self.operator = Operator()
        self.outsider = Authority("Outsider", begins=NOW + YEAR, ends=NOW + 9 * YEAR)
        self.operator.delivery(1, COMPANY, "basic")
        self.paths = self.operator.write(folder)
        others = [one.xml for one in self.operator.logged]
        for path in self.paths:
            xml = path.read_bytes()
            record = self.operator.tsa.record(
                xml, NOW + timedelta(minutes=2), *(one for one in others if one != xml)
            )
            leaf = renewal_leaf([stamp.token for stamp in record.stamps])
            token = self.outsider.stamp(leaf, NOW + 2 * YEAR)
            path.with_suffix(".ers").write_bytes(renewed(record, (), token).encode())
        self.trust = folder / "trust.json"
        told = self.operator.trust
        self.trust.write_bytes(
            TrustFile(
                seal_roots=told.seal_roots,
                tsa_roots=(*told.tsa_roots, self.outsider.certificate),
                logs=told.logs,
            ).text()
        )
        self.root = folder / "root.pem"
        self.root.write_bytes(made.pem(self.operator.keys.root))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("kept"))


def run_at(at: datetime, *command: str) -> subprocess.CompletedProcess[str]:
    day = at.strftime("%Y-%m-%d %H:%M:%S")
    environment = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LANG": "C.UTF-8"}
    return subprocess.run(
        ["faketime", "-f", day, *command],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=60,
    )


def verified(kept: Kept, at: datetime) -> tuple[int, list[dict]]:
    command = [sys.executable, "-m", "tdh", "verify", "--json", "--trust", str(kept.trust)]
    done = run_at(at, *command, *map(str, kept.paths))
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["files"]


def xmlsec1(kept: Kept, at: datetime) -> int:
    command = ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem"]
    command += [str(kept.root), "--id-attr:Id", SIGNED_PROPERTIES, str(kept.paths[0])]
    return run_at(at, *command).returncode


def test_xmlsec1_alone_finds_nothing_to_go_by(kept: Kept) -> None:
    assert xmlsec1(kept, SOON) == 0
    assert xmlsec1(kept, LATER) != 0


def test_tdh_verify_finds_the_evidence_proven_by_its_record(kept: Kept) -> None:
    code, files = verified(kept, LATER)
    assert code == 0, files
    assert [one["result"] for one in files] == ["valid"] * len(kept.paths)
    until = kept.outsider.unit.not_valid_after_utc.date().isoformat()
    for file in files:
        told = [one["text"]["en"] for one in file["checks"] if one["id"] == "timestamp"]
        assert any("RFC 4998" in one and until in one for one in told), told


def test_without_the_record_nobody_can_tell(kept: Kept) -> None:
    hidden = [path.with_suffix(".ers") for path in kept.paths]
    for path in hidden:
        path.rename(path.with_suffix(".away"))
    try:
        code, files = verified(kept, LATER)
    finally:
        for path in hidden:
            path.with_suffix(".away").rename(path)
    assert code == 2, files


def test_bouncy_castle_finds_the_data_in_the_record(kept: Kept, tmp_path: Path) -> None:
    folders = []
    for path in kept.paths:
        folder = tmp_path / path.stem
        folder.mkdir()
        (folder / "data").write_bytes(path.read_bytes())
        (folder / "record.ers").write_bytes(path.with_suffix(".ers").read_bytes())
        (folder / "unit.der").write_bytes(kept.outsider.unit.public_bytes(Encoding.DER))
        (folder / "at").write_text(str(int(LATER.timestamp())))
        folders.append(str(folder))
    (Path(folders[0]) / "data").write_bytes(b"other data")
    done = subprocess.run(
        ["java", "-cp", JARS, str(JAVA), *folders],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = done.stdout.splitlines()
    assert answers[0].startswith("invalid")
    assert answers[1:] == ["valid 1"] * (len(folders) - 1)
