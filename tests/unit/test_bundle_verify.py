"""A bundle checked as a whole: what holds is valid, and no trick of a stranger is."""

import hashlib
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing import cms, der
from signing.bundle.container import Container, Member, member
from signing.bundle.contents import members_of
from signing.bundle.zip_reader import read_container
from signing.compromise import CompromisedKey
from signing.seal_check import Outcome
from signing.trust_file import TRUST_NOBODY
from signing.verify.bundle import check_bundle
from signing.verify.report import CheckId, FileReport, Kind, Result
from signing.verify.terms import Terms
from tests.bundle_samples import CONTENT, BundlingOperator, written
from tests.proof_samples import AT

PASS, FAIL, UNKNOWN = Outcome


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    return BundlingOperator(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bundle(operator, tmp_path_factory):
    return operator.write(tmp_path_factory.mktemp("bundle") / "b.asice")


def report(path, trust, at=AT) -> FileReport:
    lines = check_bundle(path, Terms(trust=trust, at=at))
    return FileReport(file="b", kind=Kind.BUNDLE, checks=lines)


def failed(found: FileReport) -> set[CheckId]:
    return {line.id for line in found.checks if line.outcome is FAIL}


def texts(found: FileReport) -> str:
    return "\n".join(line.text.en for line in found.checks)


def test_a_bundle_of_a_delivery_is_valid(operator, bundle) -> None:
    found = report(bundle, operator.trust)
    assert found.result is Result.VALID, texts(found)
    assert {line.id for line in found.checks} == set(CheckId)
    assert "The documents, 2 of 2" in texts(found)
    assert "The envelope is the one" in texts(found)
    for line in found.checks:
        assert line.text.th != line.text.en
        assert "{" not in line.text.th + line.text.en


def test_evidence_only_is_valid_and_says_what_is_not_there(operator, tmp_path) -> None:
    path = operator.write(tmp_path / "b.asice", operator.contents(documents=False))
    found = report(path, operator.trust)
    assert found.result is Result.VALID
    assert "Evidence only: the documents (1/main/หนังสือ <1>.pdf" in texts(found)


def test_without_a_trust_file_nothing_can_be_told(bundle) -> None:
    assert report(bundle, TRUST_NOBODY).result is Result.CANNOT_TELL


def test_a_bundle_complete_under_a_stranger_s_keys_does_not_verify(operator, tmp_path) -> None:
    stranger = BundlingOperator(tmp_path / "keys")  # same names, same log, claims and all
    path = stranger.write(tmp_path / "b.asice")
    assert report(path, stranger.trust).result is Result.VALID
    found = report(path, operator.trust)
    assert found.result is Result.INVALID
    assert {CheckId.CERTIFICATE, CheckId.CHECKPOINT} <= failed(found)


def test_real_evidence_in_a_stranger_s_seal_does_not_verify(operator, tmp_path) -> None:
    stranger = BundlingOperator(tmp_path / "keys")
    path = tmp_path / "b.asice"
    path.write_bytes(written(stranger.container(operator.contents())))
    found = report(path, operator.trust)
    assert failed(found) == {CheckId.CERTIFICATE}
    assert "bundle's seal does not lead to a trusted root" in texts(found)


def test_a_key_that_seals_evidence_seals_no_bundle(operator, bundle) -> None:
    only_seals = replace(operator.trust, seal_roots=operator.operator.trust.seal_roots)
    assert failed(report(bundle, only_seals)) == {CheckId.CERTIFICATE}


def test_after_the_certificate_s_end_without_a_timestamp_nothing_can_be_told(
    operator, bundle
) -> None:
    found = report(bundle, operator.trust, at=AT.replace(year=2040))
    assert not failed(found)
    assert found.result is Result.CANNOT_TELL


# --- tricks: each is sealed again by the operator's own key, so that the seal is not what shows it


def resealed(operator, path, change):
    """The same files after `change`, under a good seal: as an operator who cheats would do it."""
    files = {
        each.manifest.uri: replace(each, content=each.content or CONTENT[each.number])
        for each in members_of(operator.contents())
    }
    change(files)
    path.write_bytes(written(operator.container_of(list(files.values()))))
    return path


def put(files: dict[str, Member], name: str, content: bytes) -> None:
    files[name] = member(name, "application/octet-stream", content)


def rename(before: str, after: str):
    def change(files: dict[str, Member]) -> None:
        content = files.pop(before).content
        assert content is not None
        put(files, after, content)

    return change


def _evidence_of_another(operator):
    facts = operator.facts(3, "ContentHandover", number=2)
    other = operator.operator.log(facts)

    def change(files: dict[str, Member]) -> None:
        put(files, "evidence/03-ContentHandover.xml", other.xml)
        put(files, "evidence/03-ContentHandover.tlog-proof", operator.operator.proof(other))

    return change


def _one_bit(name: str):
    def change(files: dict[str, Member]) -> None:
        content = bytearray(files[name].content or b"")
        content[len(content) // 2] ^= 1
        put(files, name, bytes(content))

    return change


PDF = "documents/1-หนังสือ _1_.pdf"
FIRST = "evidence/01-SubmissionAcceptance"
TRICKS = {
    "a swapped document": (
        lambda files: put(files, PDF, b"%PDF-1.7 another letter"),
        CheckId.DIGEST,
        "is not the document that the evidence names",
    ),
    "two documents in each other's place": (
        lambda files: (
            put(files, PDF, CONTENT[2]),
            put(files, "documents/2-แผนที่.png", CONTENT[1]),
        ),
        CheckId.DIGEST,
        "is not the document",
    ),
    "a document that no evidence names": (
        lambda files: put(files, "documents/3-more.pdf", b"more"),
        CheckId.DIGEST,
        "3-more.pdf is not the document",
    ),
    "one number twice": (
        lambda files: put(files, "documents/1-again.pdf", CONTENT[1]),
        CheckId.DIGEST,
        "1-again.pdf is not the document",
    ),
    "a changed evidence": (_one_bit(f"{FIRST}.xml"), CheckId.DIGEST, "Evidence 01:"),
    "an evidence under another name": (
        rename("evidence/03-ContentHandover.xml", "evidence/04-ContentHandover.xml"),
        CheckId.SEQUENCE,
        "named after another event",
    ),
    "another envelope": (
        lambda files: put(files, "envelope.json", b"{}"),
        CheckId.DIGEST,
        "envelope is not the one",
    ),
    "another report": (
        lambda files: put(files, "reports/1.json", b"{}"),
        CheckId.DIGEST,
        "is not the report",
    ),
    "a file that no bundle has": (
        lambda files: put(files, "install.exe", b"MZ"),
        CheckId.SCHEMA,
        "install.exe is no file of a bundle",
    ),
    "a second signature": (
        lambda files: put(files, "META-INF/signature002.p7s", b"0"),
        CheckId.SCHEMA,
        "no file of a bundle",
    ),
    "no evidence at all": (
        lambda files: [files.pop(name) for name in list(files) if name.startswith("evidence/")],
        CheckId.SCHEMA,
        "no evidence in the bundle",
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_under_a_good_seal_is_found(operator, tmp_path, trick) -> None:
    change, line, said = TRICKS[trick]
    found = report(resealed(operator, tmp_path / "b.asice", change), operator.trust)
    assert found.result is Result.INVALID
    assert line in failed(found), texts(found)
    assert said in texts(found)


def test_evidence_of_another_delivery_is_found(operator, tmp_path) -> None:
    change = _evidence_of_another(operator)
    found = report(resealed(operator, tmp_path / "b.asice", change), operator.trust)
    assert "not of one delivery" in texts(found)
    assert found.result is Result.INVALID


@pytest.mark.parametrize(
    ("gone", "missing"), [("01-SubmissionAcceptance", 1), ("02-ContentConsignment", 2)]
)
def test_an_evidence_that_was_left_out_is_told(operator, tmp_path, gone, missing) -> None:
    def change(files: dict[str, Member]) -> None:
        for suffix in (".xml", ".tlog-proof"):
            del files[f"evidence/{gone}{suffix}"]

    found = report(resealed(operator, tmp_path / "b.asice", change), operator.trust)
    assert found.result is Result.CANNOT_TELL
    assert f"umber {missing} of this delivery is missing" in texts(found)


def test_a_manifest_of_other_files_is_found_by_its_digests(operator, bundle, tmp_path) -> None:
    """A file and the checksums of ZIP are anybody's to change; the manifest's digest is not."""
    files = members_of(operator.contents())
    container = operator.container_of(files)
    honest = [replace(each, content=each.content or CONTENT[each.number]) for each in files]
    changed = [
        member(each.manifest.uri, each.manifest.media_type, b"other")
        if each.manifest.uri == "envelope.json"
        else each
        for each in honest
    ]
    lying = operator.container_of(honest)
    lying._members = (*lying._members[:3], *changed)
    lying._entries = [each.entry for each in lying._members]
    path = tmp_path / "b.asice"
    path.write_bytes(written(lying))
    assert container.size
    found = report(path, operator.trust)
    assert CheckId.DIGEST in failed(found)
    assert "envelope.json is not the file that the sealed manifest names" in texts(found)


def test_a_manifest_that_names_files_outside_is_found(operator, tmp_path) -> None:
    files = members_of(operator.contents())
    container = operator.container_of(files)
    container._members = container._members[:-1]  # the last document is not there, but named
    container._entries = container._entries[:-1]
    path = tmp_path / "b.asice"
    path.write_bytes(written(container))
    found = report(path, operator.trust)
    assert "แผนที่.png is not the file that the sealed manifest names" in texts(found)


def test_every_changed_byte_is_found(operator, bundle, tmp_path) -> None:
    """All over the file; each outside a document at once, for the container has one form."""
    data = bundle.read_bytes()
    for place in range(0, len(data), len(data) // 150):
        broken = bytearray(data)
        broken[place] ^= 0x20
        path = tmp_path / "broken.asice"
        path.write_bytes(broken)
        assert report(path, operator.trust).result is Result.INVALID, place


# --- programs that we did not write ---------------------------------------------------------------


def test_openssl_xmlsec_and_unzip_agree_by_the_commands_of_the_read_me(
    operator, bundle, tmp_path
) -> None:
    files = read_container(bundle, lambda _: 1 << 20)
    for language in ("th", "en"):
        text = (files[f"README.{language}.txt"].content or b"").decode()
        lines = text.partition("    python3 -c")[2].partition("\n\n  ")[0]
        script = "set -e\n    python3 -c" + lines
        name = text.partition("dlv_")[2][:24]
        (tmp_path / language).mkdir()
        operator.write_trust(tmp_path / language / "trust.json")
        (tmp_path / language / f"dlv_{name}.asice").write_bytes(bundle.read_bytes())
        done = subprocess.run(
            ["bash", "-c", script],
            check=False,
            cwd=tmp_path / language,
            capture_output=True,
            text=True,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1] == "mimetype"
        assert "CAdES Verification successful" in done.stderr
        assert "OK" in done.stdout + done.stderr
        digest = next(each for each in done.stdout.splitlines() if each.endswith("="))
        assert f"<ds:DigestValue>{digest}</ds:DigestValue>" in done.stdout


def with_token(operator, path, tokens):
    """The bundle under the same seal, a timestamp over its signature beside it (CAdES B-T)."""
    members = members_of(operator.contents())
    manifest, seal = operator.seal([each.manifest for each in members])
    value = cms.open_detached(seal, manifest).signature
    stamped = with_unsigned_tokens(seal, tokens(value))
    path.write_bytes(written(Container(members, manifest, stamped)))
    return path


def with_unsigned_tokens(seal: bytes, tokens) -> bytes:
    """The CMS with an unsigned attribute of signature timestamps."""
    content_info = der.Reader(seal).inside(der.SEQUENCE)
    kind = content_info.element(der.OID)
    signed = der.Reader(content_info.content(der.explicit(0))).inside(der.SEQUENCE)
    *before, infos = signed.elements()
    (info,) = der.Reader(infos).inside(der.SET).elements()
    attribute = der.sequence(der.oid(cms.SIGNATURE_TIMESTAMP), der.set_of(tokens))
    info = der.sequence(
        *der.Reader(info).inside(der.SEQUENCE).elements(), der.set_of([attribute], der.explicit(1))
    )
    return der.sequence(kind, der.tlv(der.explicit(0), der.sequence(*before, der.set_of([info]))))


def test_a_timestamp_over_the_seal_carries_it_over_its_certificate_s_end(
    operator, tmp_path
) -> None:
    at = operator.leaf.not_valid_after_utc - timedelta(minutes=1)
    late = at + timedelta(days=3)
    stamped = with_token(
        operator, tmp_path / "b.asice", lambda value: [operator.operator.token(value)]
    )
    found = report(stamped, operator.trust, at=late)
    (line,) = [one for one in found.checks if "certificate of the bundle's seal" in one.text.en]
    # The unit's own certificate ends with the seal's here, so its word ends, too.
    assert line.outcome is UNKNOWN
    assert report(stamped, operator.trust, at=at).result is Result.VALID


def test_a_bundle_under_a_key_in_other_hands_counts_only_by_an_outsider_s_word(
    operator, tmp_path
) -> None:
    key = operator.leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    lost = CompromisedKey(key=hashlib.sha256(key).hexdigest(), since=AT - timedelta(minutes=10))
    trust = replace(operator.trust, compromised=(lost,))
    path = with_token(
        operator, tmp_path / "b.asice", lambda value: [operator.operator.token(value)]
    )
    found = report(path, trust)
    assert failed(found) == {CheckId.CERTIFICATE}
    assert "is in other hands since" in texts(found)
    outside = replace(trust, tsa_roots=(), outside_tsa_roots=operator.trust.tsa_roots)
    found = report(path, outside)
    assert not failed(found)
    assert "it was sealed before" in texts(found)
