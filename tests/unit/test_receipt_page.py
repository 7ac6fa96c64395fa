"""The page of a receipt: one A4, whatever it says, and only what its files say."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from evidence_samples import TEXT, party
from hypothesis import given as with_any
from hypothesis import settings
from hypothesis import strategies as st
from proof_samples import NOW, Operator

from signing.receipt import attachments as names
from signing.receipt import qr
from signing.receipt.attachments import Attachment, attachments_of
from signing.receipt.messages import Material, SealBundle
from signing.receipt.page import NoPage, PageError, make_page, maker
from signing.receipt.shown import in_fours, masked_party, shown
from signing.receipt.statement import Statement, StatementError
from signing.receipt.wire import decode_answer, decode_request, encode_request
from signing.receipt.words import PAGES
from signing.sealer.errors import FrameError
from signing.sealer.strict_json import dump
from tdh.domain.events import EventReason
from tdh.domain.evidence import DocumentFacts
from tdh.domain.log import HeadToken
from tdh.domain.receipts import EVENTS_WITH_RECEIPT
from tdh.domain.thai_time import iso_instant, thai_day, thai_instant

ENVELOPE = json.dumps(
    {"date": "2026-11-20", "salutation": "อธิบดี", "subject": "ที่ปฏิบัติราชการ น้ำ ป่า ปั๊ม ฎีกา ญาติ"},
    ensure_ascii=False,
    separators=(",", ":"),
    sort_keys=True,
).encode()
STATEMENT = Statement(
    edition=1,
    made_with=maker(),
    public_url="https://tdh.example.go.th",
    seal_root=bytes(32),
    is_anchored=False,
    anchor_th="-",
    anchor_en="-",
    stamped_at=NOW,
    recorded_at=None,
    provable_until=NOW + timedelta(days=900),
)
OWN = (
    ("tracking", "TDH-7K2M-9QXA-4RTD-W8ZP"),
    ("consignment-mode", "consent"),
    ("envelope", hashlib.sha256(ENVELOPE).hexdigest()),
)


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


def files_of(
    operator: Operator, event: str, *, own=(), statement=STATEMENT, envelope=ENVELOPE, **changes
) -> tuple[Attachment, ...]:
    """The files of a receipt of this event, with particulars of its own."""
    plain = operator.facts(1, 1, "SubmissionAcceptance", "consent")
    due = plain.due if event == "SubmissionAcceptance" else None
    values = {"event": event, "due": due, "particulars": (*OWN, *own)} | changes
    logged = operator.log(replace(plain, **values))
    material = Material(
        xml=logged.xml,
        proof=operator.proof(logged),
        tokens=(HeadToken(name="", token=operator.token(operator.head())),),
        record=None,
        envelope=envelope,
    )
    return attachments_of(material, statement.text())


def test_what_has_a_page_is_the_same_in_the_domain_and_here() -> None:
    assert PAGES.keys() == EVENTS_WITH_RECEIPT


@pytest.mark.parametrize("event", PAGES)
def test_each_kind_is_one_page_and_the_same_files_make_the_same_bytes(operator, event) -> None:
    own = {
        "NotificationForAcceptanceFailure": (("channel", "amqp"), ("final", "yes")),
        "AcceptanceRejectionExpiry": (("deadline", NOW.isoformat()),),
        "ContentHandover": (("handover", "transport-complete"),),
    }
    files = files_of(operator, event, own=own.get(event, ()))

    made = make_page(files)

    assert made.pdf == make_page(files[::-1]).pdf
    assert made.pdf.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>3<" in made.pdf


def test_a_notice_that_failed_but_was_not_the_last_has_no_page(operator) -> None:
    failed = (("channel", "amqp"), ("final", "no"))
    files = files_of(operator, "NotificationForAcceptanceFailure", own=failed)

    with pytest.raises(NoPage, match="NotificationForAcceptanceFailure"):
        make_page(files)


@pytest.mark.parametrize("event", ["NotificationForAcceptance", "ContentAccessTracking"])
def test_steps_between_have_no_page(operator, event) -> None:
    with pytest.raises(NoPage, match=event):
        make_page(files_of(operator, event))


def test_a_hundred_documents_and_long_names_are_still_one_page(operator) -> None:
    documents = tuple(
        DocumentFacts(
            identifier=f"{number}/enclosure/{'ชื่อไฟล์ที่ยาวมากๆ' * 20}.pdf",
            media_type="application/pdf",
            sha256=bytes([number]) * 32,
            verdict="INDETERMINATE/REVOKED_NO_POE",
        )
        for number in range(1, 101)
    )
    recipients = tuple(
        party(f"th-tax-id:{number:013d}", name_th="บริษัท" * 60, name_en="Company " * 60)
        for number in range(40)
    )
    reasons = tuple(EventReason(code="x" * 60, details=("เหตุ" * 200,) * 3) for _ in range(20))

    files = files_of(
        operator,
        "SubmissionRejection",
        documents=documents,
        recipients=recipients,
        reasons=reasons,
        letter_number="ที่" * 200,
    )

    assert len(make_page(files).pdf) < 1 << 20


@settings(max_examples=25, deadline=None)
@with_any(name=TEXT, words=TEXT)
def test_no_name_and_no_words_keep_a_page_from_being_made(operator, name, words) -> None:
    who = party(name_th=name, name_en=words)
    note = EventReason(code="R_ERDS_MessageRejectedByRecipient", details=(words,))

    files = files_of(operator, "ConsignmentRejection", recipients=(who,), reasons=(note,))

    assert make_page(files).pdf


@pytest.mark.parametrize("source", ['#panic("x")', '#read("/etc/passwd")', "$ ] #{ \\ *"])
def test_text_is_never_source(operator, source) -> None:
    files = files_of(operator, "SubmissionAcceptance", letter_number=source)

    assert make_page(files).pdf


def test_an_envelope_that_is_not_the_sealed_one_gets_no_page(operator) -> None:
    files = files_of(operator, "SubmissionAcceptance", envelope=ENVELOPE + b" ")

    with pytest.raises(PageError, match="not the one that the evidence seals"):
        make_page(files)


@pytest.mark.parametrize("missing", [names.EVIDENCE, names.PROOF, names.STATEMENT])
def test_no_page_is_made_where_a_file_is_missing(operator, missing) -> None:
    files = files_of(operator, "SubmissionAcceptance")

    with pytest.raises(PageError):
        make_page([one for one in files if one.name != missing])


def test_files_lie_beside_each_other_as_tdh_verify_looks_for_them(operator) -> None:
    files = files_of(operator, "SubmissionAcceptance")
    size = len(operator.logged)

    assert [one.name for one in files] == [
        "evidence.xml",
        "evidence.tlog-proof",
        f"checkpoint-{size}.tsr",
        "envelope.json",
        "receipt.json",
    ]
    assert all(names.is_name(one.name) for one in files)
    assert not names.is_name("letter.pdf")


def test_a_token_s_name_is_a_claim_that_becomes_a_plain_file_name(operator) -> None:
    logged = operator.log(operator.facts(2, 1, "SubmissionAcceptance", "basic"))
    tokens = tuple(
        HeadToken(name=name, token=b"0") for name in ("", "../../x", "ETDA TSA", "../x/")
    )
    material = Material(
        xml=logged.xml, proof=operator.proof(logged), tokens=tokens, record=None, envelope=None
    )

    found = [one.name for one in attachments_of(material, b"") if names.is_token(one.name)]

    size = len(operator.logged)
    assert found == [
        f"checkpoint-{size}.tsr",
        f"checkpoint-{size}-x.tsr",
        f"checkpoint-{size}-etda-tsa.tsr",
        f"checkpoint-{size}-4.tsr",
    ]


# --- what is shown --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("น้ำ ป่า ปั๊ม ฎีกา ญาติ", "น้ำ ป่า ปั๊ม ฎีกา ญาติ"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("漢", "[U+6F22]"),
        ("a\n\n\tb\u00a0c", "a b c"),
        ("x" * 50, "x" * 19 + "…"),
    ],
)
def test_others_text_is_shown_so_that_two_never_look_alike(text, seen) -> None:
    assert shown(text, 20) == seen or shown(text, 60) == seen


@with_any(text=st.text(), most=st.integers(2, 40))
def test_text_keeps_to_its_room(text, most) -> None:
    assert len(shown(text, most)) <= most


def test_a_citizen_s_number_is_masked_and_others_are_not() -> None:
    assert masked_party("th-citizen-id:1103700012342") == "1-1037-xxxxx-34-2"
    assert masked_party("th-tax-id:0105536000315") == "0105536000315"


def test_digests_stand_in_groups_of_four() -> None:
    assert in_fours(bytes(range(4))) == "0001 0203"


def test_times_are_told_in_both_eras() -> None:
    time = datetime(2026, 11, 22, 18, 5, 9, 999_999, tzinfo=UTC)

    assert thai_instant(time) == "23 พฤศจิกายน พ.ศ. 2569 เวลา 01.05.09 น."
    assert iso_instant(time) == "2026-11-23T01:05:09+07:00"
    assert thai_day(date(2027, 2, 1)) == "1 กุมภาพันธ์ พ.ศ. 2570"


# --- the QR code ----------------------------------------------------------------------------------


@with_any(index=st.integers(0, 2**62), digest=st.binary(min_size=32, max_size=32))
def test_a_fragment_is_read_back(index, digest) -> None:
    fragment = qr.Fragment(index=index, digest=digest)

    assert qr.Fragment.parse(fragment.text()) == fragment


@pytest.mark.parametrize(
    "text",
    ["", "1.0." + "A" * 42, "2.0." + "A" * 43, "1.01." + "A" * 43, "1.0." + "A" * 42 + "B"],
)
def test_only_the_one_spelling_of_a_fragment_is_read(text) -> None:
    with pytest.raises(qr.FragmentError):
        qr.Fragment.parse(text)


def test_the_code_is_an_address_whose_fragment_no_server_sees() -> None:
    fragment = qr.Fragment(index=7, digest=bytes(32))

    assert qr.address("https://x.example", fragment) == f"https://x.example/verify#1.7.{'A' * 43}"
    assert qr.picture("x") == qr.picture("x")


# --- receipt.json and the frames ------------------------------------------------------------------


def test_a_statement_has_one_spelling() -> None:
    text = STATEMENT.text()

    assert Statement.parse(text) == STATEMENT
    for other in (
        text + b" ",
        text.replace(b'"edition":1', b'"edition":1.0'),
        b"{}",
        b"[]",
        b"\xff",
    ):
        with pytest.raises(StatementError):
            Statement.parse(other)


@pytest.mark.parametrize("url", ["ftp://x", "https://x/", "https://x/#a", "javascript:1", "x"])
def test_the_public_address_is_a_plain_one(url) -> None:
    with pytest.raises(StatementError):
        replace(STATEMENT, public_url=url)


def test_what_is_no_request_is_refused() -> None:
    entry = {"uri": "../x", "media_type": "a/b", "sha256": "00" * 32, "rootfile": False}
    receipt = {
        "ask": "receipt", "edition": 0, "xml": "", "proof": "", "tokens": [], "record": None,
        "envelope": None,
    }  # fmt: skip
    wrong = [
        b"", b"{}", dump({"ask": "receipt"}), dump(receipt), dump(receipt | {"more": 1}),
        dump({"ask": "bundle", "entries": [entry]}), dump({"ask": "sign", "data": ""}),
    ]  # fmt: skip
    for payload in wrong:
        with pytest.raises(FrameError):
            decode_request(payload)
    assert decode_request(encode_request(SealBundle(entries=()))) == SealBundle(entries=())
    with pytest.raises(FrameError):
        decode_answer(dump({"answer": "refused", "code": "whatever", "problem": ""}))
