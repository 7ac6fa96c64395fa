"""The command line in processes of its own, against a whole running service.

Exit codes: 0 done, 1 the answer is no, 64 usage, 66 a file cannot be opened, 69 not reachable,
70 internal error, 78 bad settings.
"""

import asyncio
import json
import stat

import pytest

from tdh.local.ports import free_ports
from tests.installation import AGENCY, CITIZEN, COMPANY, OTHER_AGENCY
from tests.pki.faults import altered_byte
from tests.stories import audit, run_tdh, signed_pdf, tdh, until_state

WORDS = ("--number", "ดศ 0201/1234", "--subject", "แจ้งผล")
CLIENTS = ("inbox", "show", "track", "accept", "refuse", "receive", "evidence", "send")


@pytest.fixture
def letter(here, tmp_path):
    """A signed letter in a file."""
    path = tmp_path / "หนังสือ.pdf"
    path.write_bytes(signed_pdf(here))
    return path


async def send(here, letter, *recipients):
    """`tdh send --json`, as it answers."""
    to = [word for one in recipients for word in ("--to", one)]
    code, out, err = await tdh(here, AGENCY, "send", str(letter), *to, *WORDS, "--json")
    assert (code, err) == (0, ""), err
    return json.loads(out)


async def said(here, party, *words):
    """What a client command prints with --json, where it does what it is asked."""
    code, out, err = await tdh(here, party, *words, "--json")
    assert code == 0, err
    return json.loads(out)


async def test_a_citizen_looks_accepts_and_receives_and_the_sender_follows(here, letter, tmp_path):
    sent = (await send(here, letter, f"{CITIZEN}:consent"))["deliveries"][0]
    await until_state(here, sent["id"], "awaiting_acceptance")
    inbox = (await said(here, CITIZEN, "inbox", "--state", "awaiting_acceptance"))["data"]
    assert [one["id"] for one in inbox] == [sent["id"]]
    assert inbox[0]["documents"][0]["href"] is None
    code, out, _ = await tdh(here, CITIZEN, "show", sent["tracking"].lower())
    assert (code, "แจ้งผล" in out, "รอผู้รับลงรับ" in out) == (0, True, True)
    assert (await said(here, CITIZEN, "accept", sent["id"]))["state"] == "consigned"
    into = tmp_path / "in"
    code, out, err = await tdh(here, CITIZEN, "receive", "--to", str(into), "--json")
    assert code == 0, err
    files = json.loads(out)["saved"]
    assert (into / sent["id"] / "01-หนังสือ.pdf").read_bytes() == letter.read_bytes()
    assert files == [str(into / sent["id"] / "01-หนังสือ.pdf")]
    await until_state(here, sent["id"], "handed_over")
    seen = await said(here, AGENCY, "track", sent["tracking"])
    assert [one["event"] for one in seen["events"]] == [
        "SubmissionAcceptance",
        "NotificationForAcceptance",
        "ConsignmentAcceptance",
        "ContentConsignment",
        "ContentAccessTracking",
        "ContentHandover",
    ]
    code, out, err = await tdh(here, CITIZEN, "refuse", sent["id"], "--json")
    problem = json.loads(out)
    assert (code, problem["code"], problem["evidence"]["event"]) == (
        1, "already-final", "ContentHandover"
    )  # fmt: skip


async def test_evidence_is_saved_and_verified_and_a_flipped_byte_is_named(here, letter, tmp_path):
    sent = await send(here, letter, CITIZEN, OTHER_AGENCY)
    for one in sent["deliveries"]:
        await until_state(here, one["id"], "consigned")
    saved = await said(here, AGENCY, "evidence", sent["id"], "-o", str(tmp_path / "evidence"))
    xml = sorted((tmp_path / "evidence").rglob("*.xml"))
    assert len(xml) == 4
    assert len(saved["saved"]) == 8
    verify = ("verify", "--trust", str(here.trust), "--json")
    code, out, err = await run_tdh(*verify, *map(str, xml))
    assert (code, json.loads(out)["result"]) == (0, "valid"), err
    xml[0].write_bytes(xml[0].read_bytes().replace(b"<tdh:Sequence>1<", b"<tdh:Sequence>2<"))
    code, out, _ = await run_tdh(*verify, *map(str, xml))
    checked = json.loads(out)
    failed = {one["id"] for one in checked["files"][0]["checks"] if one["result"] == "fail"}
    assert (code, checked["result"]) == (1, "invalid")
    assert "seal" in failed
    assert {one["result"] for one in checked["files"][1:]} == {"valid"}
    xml[1].with_suffix(".tlog-proof").unlink()
    code, out, _ = await run_tdh(*verify, str(xml[1]))
    assert (code, json.loads(out)["result"]) == (2, "cannot_tell")
    assert (await run_tdh(*verify, str(tmp_path / "none.xml")))[0] == 66


async def test_a_letter_is_refused_with_words_and_with_a_reason(here, letter, tmp_path):
    sent = (await send(here, letter, f"{CITIZEN}:consent"))["deliveries"][0]
    await until_state(here, sent["id"], "awaiting_acceptance")
    found = await said(here, CITIZEN, "refuse", sent["tracking"], "--note", "ไม่ใช่ของข้าพเจ้า")
    assert found["state"] == "refused"
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(altered_byte(signed_pdf(here)))
    code, out, err = await tdh(here, AGENCY, "send", str(altered), "--to", CITIZEN, *WORDS)
    assert (code, out) == (1, "")
    assert "SubmissionRejection" in err
    assert any("\u0e00" < sign < "\u0e7f" for sign in err)


async def test_a_company_receives_by_its_queue(here, letter, tmp_path):
    sent = (await send(here, letter, COMPANY))["deliveries"][0]
    url = tmp_path / "amqp"
    url.write_text(here.amqp_urls[COMPANY])
    words = ("receive", "--amqp", "--amqp-url-file", str(url), "--to", str(tmp_path / "in"))
    code, out, err = await tdh(here, COMPANY, *words, "--within", "30", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["outcome"], told["delivery"]) == ("collected", sent["id"])
    assert (tmp_path / "in").rglob("*.pdf")
    await until_state(here, sent["id"], "handed_over")
    code, out, err = await tdh(here, COMPANY, *words, "--within", "0.5")
    assert (code, out) == (1, ""), "nothing comes twice"
    assert "no letter came" in err
    url.write_text(here.amqp_urls[COMPANY].replace("@", "x@"))
    code, _, err = await tdh(here, COMPANY, *words, "--within", "5")
    assert code == 1
    assert "Traceback" not in err


async def test_what_is_asked_for_badly_has_an_exit_code_of_its_own(here, letter, tmp_path):
    token = ("--token-file", str(here.token_file(AGENCY)))
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    here_ = ("--server", here.url)
    path, into = str(letter), str(tmp_path / "in")
    cases = {
        64: [
            (),
            ("nonsense",),
            ("send", path, *WORDS, *here_, *token),
            ("send", path, "--to", CITIZEN, *WORDS),
            ("send", path, "--to", CITIZEN, *WORDS, *token, "--server", "ftp://x"),
            ("show", "dlv_nonsense", *here_, *token),
            ("track", "TDH-NONSENSE", *here_, *token),
            ("receive", *here_, *token),
            ("inbox", "--state", "nonsense", *here_, *token),
            ("verify",),
            ("admin", "party", "add", "nonsense", "--name-th", "ก", "--name-en", "a"),
            ("serve", "--role", "nonsense"),
        ],
        66: [
            ("send", str(tmp_path / "none.pdf"), "--to", CITIZEN, *WORDS, *here_, *token),
            ("inbox", *here_, "--token-file", str(tmp_path / "none")),
            ("validate", str(tmp_path / "none.pdf")),
        ],
        69: [
            ("inbox", "--server", nobody, *token),
            ("send", path, "--to", CITIZEN, *WORDS, "--server", nobody, *token),
            ("receive", "--to", into, "--server", nobody, *token),
        ],
        1: [
            ("show", "dlv_" + "0" * 24, *here_, *token),
            ("send", path, "--to", "th-agency:nobody", *WORDS, *here_, *token),
            ("send", path, "--to", f"{CITIZEN}:signed", *WORDS, *here_, *token),
            ("send", path, "--to", CITIZEN, *WORDS, "--secrecy", "top-secret", *here_, *token),
        ],
    }
    for wanted, calls in cases.items():
        answers = await asyncio.gather(
            *(run_tdh(*words, **settings_for(here, words)) for words in calls)
        )
        for words, (code, out, err) in zip(calls, answers, strict=True):
            assert code == wanted, (words, code, out, err)
            assert out == ""
            assert err
            assert "Traceback" not in err


def settings_for(here, words):
    """The operator's commands have the settings of the installation, the others none."""
    return here.environment if words[:1] == ("admin",) else {}


async def test_every_client_command_tells_how_it_is_used():
    answers = await asyncio.gather(*(run_tdh(one, "--help") for one in CLIENTS))
    for (code, out, err), name in zip(answers, CLIENTS, strict=True):
        assert (code, err) == (0, "")
        assert f"tdh {name}" in out


async def test_the_same_key_sends_one_letter(here, letter):
    words = ("send", str(letter), "--to", CITIZEN, *WORDS, "--idempotency-key", "by-hand")
    first = await said(here, AGENCY, *words)
    assert await said(here, AGENCY, *words) == first


# --- the operator ---------------------------------------------------------------------------------


async def admin(here, *words):
    code, out, err = await run_tdh("admin", *words, "--json", **here.environment)
    return code, json.loads(out) if out else None, err


async def test_an_operator_registers_a_party_that_then_sends_and_receives(here, letter, tmp_path):
    party, token = "th-citizen-id:1100500000023", tmp_path / "tokens" / "somchai"
    names = ("--name-th", "สมชาย", "--name-en", "Somchai")
    code, added, err = await admin(here, "party", "add", party, *names)
    assert (code, added) == (0, {"party": party, "channel": "person"}), err
    code, made, err = await admin(here, "token", "add", party, "--out", str(token))
    assert code == 0, err
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    environment = {"TDH_SERVER": here.url, "TDH_TOKEN_FILE": str(token)}
    code, out, err = await run_tdh(
        "send", str(letter), "--to", party, *WORDS, "--json", **environment
    )
    assert code == 0, err
    delivery = json.loads(out)["deliveries"][0]["id"]
    async with asyncio.timeout(20):
        while True:
            code, out, _ = await run_tdh("inbox", "--json", **environment)
            if code == 0 and json.loads(out)["data"]:
                break
    assert json.loads(out)["data"][0]["id"] == delivery
    code, listed, _ = await admin(here, "party", "list")
    assert party in {one["party"] for one in listed["data"]}
    code, closed, _ = await admin(here, "party", "close", party)
    assert (code, closed["mailbox_open"]) == (0, False)
    assert (await admin(here, "token", "revoke", made["sha256"]))[0] == 0


async def test_an_operator_is_told_what_is_not_there(here, tmp_path):
    nobody = "th-agency:never-registered"
    cases = (
        ("party", "close", nobody),
        ("token", "add", nobody),
        ("token", "revoke", "00" * 32),
    )
    for words in cases:
        code, out, err = await admin(here, *words)
        assert (code, out) == (1, None), (words, err)
        assert err
        assert "Traceback" not in err
    code, _, err = await admin(here, "token", "revoke", "nonsense")
    assert code == 64, err
    assert await admin(here, "parked", "list") == (0, {"data": []}, "")
    code, _, err = await admin(here, "parked", "replay", "999999")
    assert code == 1
    assert "not parked: 999999" in err


async def test_a_second_migration_finds_nothing_to_do(here):
    code, out, err = await run_tdh("migrate", "--json", **here.environment)
    assert (code, json.loads(out)) == (0, {"applied": []}), err


async def test_settings_and_servers_that_cannot_be_used_are_named(here):
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    cases = (
        (78, {"TDH_DATABASE__NONSENSE": "1"}),
        (78, {"TDH_API__PORT": "many"}),
        (78, {"TDH_CONFIG": "/nonexistent.toml"}),
        (69, {"TDH_DATABASE__DSN": f"postgresql://tdh@{nowhere}/tdh"}),
        (69, {"TDH_AMQP__URL": f"amqp://tdh@{nowhere}"}),
    )
    answers = await asyncio.gather(
        *(run_tdh("migrate", **(here.environment | change)) for _, change in cases)
    )
    for (wanted, change), (code, _, err) in zip(cases, answers, strict=True):
        assert code == wanted, (change, err)
        assert "Traceback" not in err


async def test_keys_are_made_once_and_never_replaced(here, tmp_path):
    settings = here.environment | {
        "TDH_SEALER__KEYS": str(tmp_path / "keys"),
        "TDH_RECEIPTS__KEYS": str(tmp_path / "receipts"),
    }
    trust = tmp_path / "trust.json"
    words = ("keys", "--trust-out", str(trust))
    code, _, err = await run_tdh(*words, **settings)
    assert code == 0, err
    assert {"seal_roots", "tsa_roots", "logs"} <= json.loads(trust.read_text()).keys()
    before = {one: one.read_bytes() for one in (tmp_path / "keys").iterdir()}
    code, _, err = await run_tdh(*words, **settings)
    assert code == 1, err
    assert {one: one.read_bytes() for one in (tmp_path / "keys").iterdir()} == before


async def test_the_audit_finds_nothing_after_all_this(here):
    await audit(here)
