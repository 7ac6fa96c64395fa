"""CMS messages and timestamps as documents: every fault by name, good ones in every dress."""

import asyncio
import base64
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signing.certificates import pem
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.codes import Code
from signing.judge.judgement import Inputs, Judgement
from signing.judge.policy import Policy, RevocationMode, Signers
from signing.trust import load_trust
from tdh.domain.verdicts import Indication, SignatureKind, SignatureLevel, SignatureType
from tests.pki import make
from tests.vectors import cms, cms_signers, cms_writing
from tests.vectors.cms import CONTENT
from tests.vectors.cms_writing import Recipe, signed

EARLIER = make.SIGNED_AT + timedelta(days=200)
"""Before the time of judging, after the signing."""


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


@pytest.fixture(scope="session")
def kit() -> cms.Kit:
    return cms.kit()


def judged(
    data: bytes,
    content: bytes | None = None,
    *,
    trust: Path | None = None,
    policy: Policy | None = None,
    at: datetime = make.JUDGED_AT,
) -> Judgement:
    folder = load_trust([trust or make.shared_pki().trust_folder])
    inputs = Inputs(
        material=material_of(folder),
        trust_version=folder.version,
        policy=policy or Policy(),
        at=at,
        content=content,
    )
    return asyncio.run(judge(data, inputs))


def code_of(judgement: Judgement) -> Code:
    return Code(judgement.verdict.reason.code)


def notes_of(judgement: Judgement) -> set[str]:
    return {note.code.value for note in judgement.notes}


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cms.VECTORS)
def test_every_faulty_message_is_refused_by_its_name(kit: cms.Kit, name: str) -> None:
    vector = cms.VECTORS[name]
    result = judged(vector.make(kit), vector.content)
    assert not result.verdict.accepted
    assert code_of(result) in vector.codes, result.seen


def test_a_changed_byte_is_refused_unless_nobody_relies_on_it(kit: cms.Kit) -> None:
    """RFC 5652 leaves unsigned: versions, the list of digests, parameters of the signer's digest.

    The issuing authority's certificate is in the trust folder too, so its copy here is idle.
    """
    message = kit.good
    idle = cms_writing.der(kit.signer.chain[1])
    algorithms = bytes.fromhex("310f300d06096086480165030402010500")
    signer = message.index(b"\x02\x01\x01\x30", message.index(algorithms) + 20)
    null = message.index(algorithms[4:], signer) + len(algorithms) - 6
    unsigned = {
        message.index(algorithms) - 1,
        *range(message.index(algorithms) + 2, message.index(algorithms) + len(algorithms)),
        *range(message.index(idle), message.index(idle) + len(idle)),
        signer + 2,
        *range(null, null + 2),
    }
    for place in set(range(len(message))) - unsigned:
        mutant = message[:place] + bytes([message[place] ^ 0x11]) + message[place + 1 :]
        assert not judged(mutant).verdict.accepted, place


# --- good ones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["good", "rsa", "ed25519", "without-source"])
@pytest.mark.parametrize("detached", [True, False])
def test_a_well_signed_message_passes(pki: make.Pki, name: str, *, detached: bool) -> None:
    message = signed(CONTENT, pki.signers[name], detached=detached)
    result = judged(message, CONTENT if detached else None)
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen
    verdict = result.verdict
    (one,) = verdict.signatures
    assert (verdict.kind, one.level) == (SignatureKind.CADES, SignatureLevel.B_B)
    assert one.type is SignatureType.CERTIFIED
    assert one.claimed_time == make.SIGNED_AT
    (covered,) = one.covers
    assert covered.startswith("file, "), "a text of no kind that is known here"
    assert f"{len(CONTENT)} bytes" in covered


@pytest.mark.parametrize(
    "name",
    ["p384", "p521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "ed448", "rsa3072"],
)
def test_strong_keys_of_every_sort_pass(pki: make.Pki, name: str) -> None:
    result = judged(signed(CONTENT, cms_signers.unusual(pki)[name]))
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen


@pytest.mark.parametrize(
    ("signer", "recipe"),
    [
        ("rsa", Recipe(pss=True)),
        ("rsa", Recipe(pss=True, digest="sha512")),
        ("good", Recipe(digest="sha384")),
        ("good", Recipe(digest="sha3_256")),
        ("good", Recipe(ess=("v1",))),
        ("good", Recipe(signed_at=None)),
    ],
    ids=["pss", "pss-512", "sha384", "sha3", "ess-v1", "no-time"],
)
def test_strong_mechanisms_pass(pki: make.Pki, signer: str, recipe: Recipe) -> None:
    assert code_of(judged(signed(CONTENT, pki.signers[signer], recipe=recipe))) is (
        Code.SIGNATURE_VALID
    )


DRESSES = {
    "BER": cms_writing.in_ber,
    "BER in pieces of one octet": lambda message: cms_writing.in_ber(message, piece=1),
    "PEM": cms_writing.armored,
    "PEM, older label": lambda message: cms_writing.armored(message, "PKCS7"),
    "base64": base64.encodebytes,
    "base64 in one line": base64.b64encode,
    "without ContentInfo": cms_writing.without_content_info,
    "BER without ContentInfo": lambda message: cms_writing.in_ber(
        cms_writing.without_content_info(message)
    ),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_the_same_message_passes_in_every_dress(kit: cms.Kit, dress: str) -> None:
    message = DRESSES[dress](kit.good)
    assert message != kit.good
    result = judged(message)
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen


def test_signed_attributes_count_in_der_whatever_their_order(kit: cms.Kit) -> None:
    """RFC 5652, 5.4: a message whose writer sorted for signing and wrote them unsorted."""
    info = cms_writing.signer_info(CONTENT, kit.signer, Recipe())
    ordered = [one.dump() for one in info["signed_attrs"]]
    assert ordered == sorted(ordered)
    shuffled = kit.good.replace(b"".join(ordered), b"".join(reversed(ordered)))
    found = cms_writing.message(CONTENT, [info], kit.signer.chain)
    shuffled = found.replace(b"".join(ordered), b"".join(reversed(ordered)))
    assert shuffled != found
    assert code_of(judged(shuffled)) is Code.SIGNATURE_VALID


def test_every_signer_is_judged_and_all_must_hold(pki: make.Pki) -> None:
    both = signed(CONTENT, pki.signers["good"], pki.signers["rsa"])
    result = judged(both)
    assert code_of(result) is Code.SIGNATURE_VALID
    assert {one.signer.common_name for one in result.verdict.signatures if one.signer} == {
        "กรมทดสอบ",
        "RSA Signer",
    }


def test_one_good_signer_is_enough_where_the_policy_says_so(kit: cms.Kit) -> None:
    message = cms.VECTORS["second-signer-revoked"].make(kit)
    policy = Policy(signers=Signers.ONE)
    result = judged(message, policy=policy)
    assert result.verdict.accepted
    assert "one-signer" in result.verdict.policy
    assert len(result.verdict.signatures) == 2


def test_plain_cms_has_no_level_and_passes_unless_the_policy_wants_cades(pki: make.Pki) -> None:
    plain = signed(CONTENT, pki.signers["good"], recipe=Recipe(ess=()))
    result = judged(plain)
    assert code_of(result) is Code.SIGNATURE_VALID
    assert result.verdict.signatures[0].level is None
    strict = judged(plain, policy=Policy(allow_plain_cms=False))
    assert code_of(strict) is Code.SIGNING_CERTIFICATE_ATTRIBUTE


def test_without_the_content_the_rest_is_told(pki: make.Pki) -> None:
    stamped = Recipe(timestamp=pki.timestamp(make.SIGNED_AT))
    result = judged(signed(CONTENT, pki.signers["good"], recipe=stamped, detached=True))
    assert code_of(result) is Code.CONTENT_MISSING
    (one,) = result.verdict.signatures
    assert one.signer is not None
    assert one.proven_time == make.SIGNED_AT
    broken = signed(CONTENT, pki.signers["good"], detached=True)
    altered = judged(broken[:-1] + bytes([broken[-1] ^ 1]))
    assert code_of(altered) is Code.SIGNATURE_DOES_NOT_VERIFY


def test_what_is_signed_is_not_looked_into(pki: make.Pki) -> None:
    broken = make.sign_pdf(make.simple_pdf(), pki.signers["good"])[:-20]
    result = judged(signed(broken, pki.signers["good"]))
    assert code_of(result) is Code.SIGNATURE_VALID
    assert result.verdict.signatures[0].covers[0].startswith("pdf, ")


def test_a_countersignature_is_noted_and_never_helps(kit: cms.Kit) -> None:
    counter = cms_writing.signer_info(b"x", kit.signer, Recipe())
    both = cms_writing.with_unsigned(kit.good, cms_writing.attribute("counter_signature", counter))
    result = judged(both)
    assert code_of(result) is Code.SIGNATURE_VALID
    assert notes_of(result) == {"countersignature-not-judged"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("1.2.840.113549.1.9.16.2.17", "300aa0081306746861696c61"),  # signer-location
        ("1.2.840.113549.1.9.16.2.18", "3005a003130154"),  # signer-attributes
        ("1.2.840.113549.1.9.16.2.16", "300d060b2a864886f70d0109100601"),  # commitment-type
        ("1.2.3.4.5", "a003020101"),
    ],
)
def test_other_signed_attributes_are_left_alone(kit: cms.Kit, kind: str, value: str) -> None:
    """Whatever is in them: asn1crypto cannot name every element of what it does not know."""

    def edit(attributes: list[cms_writing.cms.CMSAttribute]) -> None:
        named = cms_writing.core.ObjectIdentifier(kind).dump()
        content = bytes.fromhex(value)
        spelled = cms_writing.sequence(named, b"\x31" + bytes([len(content)]) + content)
        attributes.append(cms_writing.cms.CMSAttribute.load(spelled))

    result = judged(signed(CONTENT, kit.signer, recipe=Recipe(signed=edit)))
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen


# --- timestamps over the signature ---------------------------------------------------------------


def test_a_timestamp_proves_when_the_signature_existed(pki: make.Pki) -> None:
    recipe = Recipe(timestamp=pki.timestamp(make.SIGNED_AT))
    result = judged(signed(CONTENT, pki.signers["revoked"], recipe=recipe))
    assert code_of(result) is Code.SIGNATURE_VALID
    (one,) = result.verdict.signatures
    assert (one.level, one.proven_time) == (SignatureLevel.B_T, make.SIGNED_AT)


@pytest.fixture(scope="session")
def units(pki: make.Pki) -> dict[str, make.TestSigner]:
    return cms_signers.faulty_units(pki)


UNITS = [
    "no purpose",
    "other purpose",
    "purpose not critical",
    "purpose not alone",
    "expired",
    "revoked",
    "stranger's",
]


@pytest.mark.parametrize("fault", UNITS)
def test_a_token_of_a_faulty_unit_neither_helps_nor_hurts(
    pki: make.Pki, units: dict[str, make.TestSigner], fault: str
) -> None:
    recipe = Recipe(timestamp=pki.timestamp(make.SIGNED_AT, by=units[fault]))
    not_helped = judged(signed(CONTENT, pki.signers["revoked"], recipe=recipe))
    assert code_of(not_helped) is Code.CERTIFICATE_REVOKED
    not_hurt = judged(signed(CONTENT, pki.signers["good"], recipe=recipe))
    assert code_of(not_hurt) is Code.SIGNATURE_VALID
    assert "timestamp-not-counted" in notes_of(not_hurt)
    assert not_hurt.verdict.signatures[0].proven_time is None


def test_a_token_from_the_future_or_over_something_else_does_not_count(pki: make.Pki) -> None:
    signer = pki.signers["revoked"]
    future = Recipe(timestamp=pki.timestamp(make.JUDGED_AT + timedelta(minutes=1)))
    copied = cms_writing.token(pki.timestamp(make.SIGNED_AT), b"another signature's value")
    kind = "signature_time_stamp_token"
    for message in (
        signed(CONTENT, signer, recipe=future),
        cms_writing.with_unsigned(signed(CONTENT, signer), cms_writing.attribute(kind, copied)),
    ):
        result = judged(message)
        assert code_of(result) is Code.CERTIFICATE_REVOKED
        assert "timestamp-not-counted" in notes_of(result)


def test_certificates_that_were_put_into_a_token_help_nobody(pki: make.Pki) -> None:
    """The purpose is asked of the very certificate that signed, not of one that lies beside it."""
    unit = cms_signers.faulty_units(pki)["no purpose"]

    def reply(request: bytes) -> bytes:
        from asn1crypto import tsp  # noqa: PLC0415 - only here
        from asn1crypto import x509 as asn1_x509  # noqa: PLC0415

        answer = tsp.TimeStampResp.load(pki.timestamp(make.SIGNED_AT, by=unit)(request))
        good = asn1_x509.Certificate.load(cms_writing.der(pki.timestamper.chain[0]))
        answer["time_stamp_token"]["content"]["certificates"].append(good)
        return answer.dump(force=True)

    result = judged(signed(CONTENT, pki.signers["revoked"], recipe=Recipe(timestamp=reply)))
    assert code_of(result) is Code.CERTIFICATE_REVOKED
    assert "timestamp-not-counted" in notes_of(result)


# --- long term -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def long_term(pki: make.Pki) -> bytes:
    """B-LT: a timestamp, revocation lists and all certificates."""
    signer = pki.signers["good"]
    recipe = Recipe(timestamp=pki.timestamp(make.SIGNED_AT))
    info = cms_writing.signer_info(CONTENT, signer, recipe)
    return cms_writing.message(
        CONTENT,
        [info],
        [*signer.chain, pki.root.certificate, pki.timestamper.chain[0]],
        lists=list(make.revocation_lists(pki).values()),
    )


def test_revocation_lists_in_the_message_are_read(pki: make.Pki, long_term: bytes) -> None:
    result = judged(long_term, trust=pki.trust_without_lists)
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen
    assert result.verdict.signatures[0].level is SignatureLevel.B_LT


def test_an_archive_timestamp_reaches_b_lta(pki: make.Pki, long_term: bytes) -> None:
    archived = cms_writing.archived(long_term, CONTENT, pki.timestamp(EARLIER))
    result = judged(archived, trust=pki.trust_without_lists)
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen
    assert result.verdict.signatures[0].level is SignatureLevel.B_LTA
    assert not notes_of(result)


def test_an_archive_timestamp_over_something_else_does_not_count(
    pki: make.Pki, long_term: bytes
) -> None:
    archived = cms_writing.archived(long_term, CONTENT + b"!", pki.timestamp(EARLIER))
    result = judged(archived)
    assert result.verdict.signatures[0].level is SignatureLevel.B_LT
    assert "archive-timestamp-not-judged" in notes_of(result)


def test_what_was_added_after_an_archive_timestamp_is_not_believed_as_of_its_time(
    pki: make.Pki,
) -> None:
    """A backdated token that its index does not list: the archive timestamp counts no more."""
    signer = pki.signers["revoked"]
    late = cms_writing.archived(signed(CONTENT, signer), CONTENT, pki.timestamp(EARLIER))
    info = cms_writing.asn1_cms_info(late)
    backdated = cms_writing.token(pki.timestamp(make.SIGNED_AT), info["signature"].native)
    added = cms_writing.with_unsigned(
        late, cms_writing.attribute("signature_time_stamp_token", backdated)
    )
    assert "archive-timestamp-not-judged" in notes_of(judged(added))


def test_an_archive_timestamp_of_an_older_form_is_noted(kit: cms.Kit) -> None:
    token = cms_writing.token(kit.pki.timestamp(EARLIER), b"x")
    old = cms_writing.attribute("1.2.840.113549.1.9.16.2.48", cms_writing.core.Any(token))
    result = judged(cms_writing.with_unsigned(kit.good, old))
    assert code_of(result) is Code.SIGNATURE_VALID
    assert notes_of(result) == {"archive-timestamp-not-judged"}


# --- timestamps alone ----------------------------------------------------------------------------


@pytest.mark.parametrize("whole_reply", [True, False])
def test_a_timestamp_alone_is_valid_and_no_letter(pki: make.Pki, *, whole_reply: bool) -> None:
    reply = pki.timestamp(make.SIGNED_AT)
    data = (
        cms_writing.reply_to(reply, CONTENT)
        if whole_reply
        else cms_writing.token(reply, CONTENT).dump()
    )
    alone = judged(data)
    assert alone.verdict.indication is Indication.TOTAL_PASSED
    assert (code_of(alone), alone.verdict.kind) == (Code.TIMESTAMP_VALID, SignatureKind.TIMESTAMP)
    assert not alone.verdict.accepted
    assert alone.verdict.signatures[0].type is None
    assert notes_of(alone) == {"content-not-compared"}
    assert notes_of(judged(data, CONTENT)) == set()
    assert code_of(judged(data, CONTENT + b"!")) is Code.TIMESTAMP_IMPRINT


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("no purpose", Code.TIMESTAMP_UNIT),
        ("other purpose", Code.TIMESTAMP_UNIT),
        ("purpose not critical", Code.TIMESTAMP_UNIT),
        ("purpose not alone", Code.TIMESTAMP_UNIT),
        ("expired", Code.CERTIFICATE_EXPIRED),
        ("revoked", Code.CERTIFICATE_REVOKED),
        ("stranger's", Code.UNKNOWN_ROOT),
    ],
)
def test_a_timestamp_of_a_faulty_unit_is_refused_by_name(
    pki: make.Pki, units: dict[str, make.TestSigner], fault: str, code: Code
) -> None:
    reply = pki.timestamp(make.SIGNED_AT, by=units[fault])
    result = judged(cms_writing.token(reply, CONTENT).dump())
    assert code_of(result) is code
    assert result.verdict.indication is not Indication.TOTAL_PASSED


@pytest.mark.parametrize("known", [True, False])
def test_a_token_without_certificates_needs_its_unit_in_the_trust_folder(
    pki: make.Pki, tmp_path: Path, *, known: bool
) -> None:
    token = cms_writing.token(pki.timestamp(make.SIGNED_AT), CONTENT)
    token["content"]["certificates"] = []
    data = type(token).load(token.dump(force=True)).dump()
    certificates = [pki.root.certificate, *([pki.timestamper.chain[0]] if known else [])]
    (tmp_path / "root.pem").write_bytes(pem(*certificates[:1]))
    (tmp_path / "intermediates").mkdir()
    (tmp_path / "intermediates" / "unit.pem").write_bytes(pem(*certificates[1:]) or b"")
    if not known:
        (tmp_path / "intermediates" / "unit.pem").unlink()
    result = judged(data, CONTENT, trust=tmp_path)
    expected = Code.TIMESTAMP_VALID if known else Code.SIGNING_CERTIFICATE_MISSING
    assert code_of(result) is expected, result.seen


def test_faulty_timestamp_files_are_refused_by_name(pki: make.Pki) -> None:
    from asn1crypto import tsp  # noqa: PLC0415 - only here

    refusal = tsp.TimeStampResp(
        {"status": {"status": "rejection"}, "time_stamp_token": cms_writing.empty_content_info()}
    )
    good = cms_writing.token(pki.timestamp(make.SIGNED_AT), CONTENT).dump()
    future = pki.timestamp(make.JUDGED_AT + timedelta(days=1))
    sha1 = cms_writing.token(pki.timestamp(make.SIGNED_AT), CONTENT, digest="sha1").dump()
    for data, code in (
        (refusal.dump(), Code.TIMESTAMP_REFUSED),
        (b"\x30\x05\x30\x03\x02\x01\x02", Code.TIMESTAMP_REFUSED),
        (b"\x30\x05\x30\x03\x02\x01\x00", Code.TIMESTAMP_DAMAGED),
        (good + b"\0", Code.BYTES_AFTER_SIGNATURE),
        (good[:-1] + bytes([good[-1] ^ 1]), Code.SIGNATURE_DOES_NOT_VERIFY),
        (cms_writing.token(future, CONTENT).dump(), Code.TIMESTAMP_FROM_FUTURE),
        (sha1, Code.WEAK_ALGORITHM),
    ):
        result = judged(data, policy=Policy(revocation=RevocationMode.IF_PRESENT))
        assert code_of(result) is code, result.seen
        assert result.verdict.kind in {SignatureKind.TIMESTAMP, SignatureKind.CADES}


def test_a_damaged_timestamp_has_a_name_wherever_it_is_damaged(pki: make.Pki) -> None:
    good = cms_writing.token(pki.timestamp(make.SIGNED_AT), CONTENT).dump()
    for place in range(len(good) - 500, len(good)):  # its SignerInfo
        mutant = good[:place] + bytes([good[place] ^ 0x14]) + good[place + 1 :]
        for content in (None, CONTENT + b"!"):
            assert code_of(judged(mutant, content)) is not Code.UNEXPECTED, place


# --- a signer's certificate that is trusted itself -----------------------------------------------


@pytest.fixture
def trusted_itself(pki: make.Pki, tmp_path: Path) -> Path:
    """A trust folder that names signers, not their authorities."""
    names = ("good", "expired", "not-yet-valid", "without-source")
    anchors = [pki.signers[name].chain[0] for name in names]
    (tmp_path / "signers.pem").write_bytes(pem(*anchors))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "mode", "code"),
    [
        ("without-source", RevocationMode.REQUIRE, Code.SIGNATURE_VALID),
        ("good", RevocationMode.REQUIRE, Code.REVOCATION_UNKNOWN),
        ("good", RevocationMode.IF_PRESENT, Code.SIGNATURE_VALID),
        ("expired", RevocationMode.IF_PRESENT, Code.CERTIFICATE_EXPIRED),
        ("not-yet-valid", RevocationMode.IF_PRESENT, Code.CERTIFICATE_NOT_YET_VALID),
    ],
)
def test_a_signer_who_is_trusted_without_an_authority_still_has_a_time_and_a_list(
    pki: make.Pki, trusted_itself: Path, name: str, mode: RevocationMode, code: Code
) -> None:
    message = signed(CONTENT, pki.signers[name])
    result = judged(message, trust=trusted_itself, policy=Policy(revocation=mode))
    assert code_of(result) is code
