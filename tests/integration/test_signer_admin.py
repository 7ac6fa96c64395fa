"""`tdh admin party signer` on a real database: what an operator registers, and how it is told."""

import asyncio
import hashlib
import json

import pytest
from builders import AGENCY

from storage.database import Database
from storage.parties import PostgresParties
from tdh.cli.main import main
from tdh.domain.signers import MarkKind, SignerMark
from tests.pki import make


@pytest.fixture
async def admin(database: Database, database_dsn: str, monkeypatch, capsys):
    """Exit code, output and complaints of `tdh admin party signer` with these words."""
    monkeypatch.setenv("TDH_DATABASE__DSN", database_dsn)

    async def run(*words: str) -> tuple[int, str, str]:
        try:
            code = await asyncio.to_thread(main, ["admin", "party", "signer", *words])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return run


async def test_marks_are_added_listed_and_removed(admin, database, tmp_path) -> None:
    leaf = make.shared_pki().signers["good"].chain[0]
    file = tmp_path / "officer.pem"
    file.write_bytes(make.pem(leaf))
    digest = hashlib.sha256(make.der(leaf)).hexdigest()
    assert (await admin("list", AGENCY))[:2] == (0, "ไม่มี / none\n")
    for words in (
        ("--organization", "กระทรวง   ตัวอย่าง"),
        ("--certificate", str(file)),
        ("--number", "1101700230708"),
    ):
        code, out, err = await admin("add", AGENCY, *words)
        assert code == 0, err
        assert AGENCY in out
    marks = {
        SignerMark(kind=MarkKind.ORGANIZATION, value="กระทรวง ตัวอย่าง"),
        SignerMark(kind=MarkKind.CERTIFICATE, value=digest),
        SignerMark(kind=MarkKind.NUMBER, value="1101700230708"),
    }
    assert set(await PostgresParties(database).signer_marks(AGENCY)) == marks
    listed = json.loads((await admin("list", AGENCY, "--json"))[1])["data"]
    assert {(one["kind"], one["value"]) for one in listed} == {(m.kind, m.value) for m in marks}
    assert (await admin("remove", AGENCY, "--certificate", digest.upper()))[0] == 0
    code, _, err = await admin("remove", AGENCY, "--certificate", digest)
    assert (code, "ไม่พบ / not found" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "th-agency:nobody", "--number", "1101700230708"), 1),
        (("list", "th-agency:nobody"), 1),
        (("list", "nobody"), 64),
        (("add", AGENCY, "--number", "12"), 64),
        (("add", AGENCY, "--certificate", "/no/such/file"), 64),
        (("add", AGENCY, "--certificate", __file__), 64),
        (("add", AGENCY, "--organization", "  "), 64),
        (("add", AGENCY), 64),
        (("add", AGENCY, "--number", "1101700230708", "--organization", "x"), 64),
    ],
)
async def test_what_is_nobody_or_no_mark_is_refused(admin, database, words, code) -> None:
    found, out, err = await admin(*words)
    assert (found, out) == (code, ""), err
    assert err
    assert await PostgresParties(database).signer_marks(AGENCY) == ()
