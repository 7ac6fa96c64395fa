"""The trust store: its list, its signature, its files, and what each anchor may vouch for."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing import trust_store
from signing.certificates import LeafUse, Subject, der, make_leaf, make_root, new_p256_key
from signing.certificates import new_rsa_key as rsa_key
from signing.checkpoint import NoteSigner, sign_text
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.judgement import Inputs
from signing.judge.policy import Policy, RevocationMode
from signing.note_keys import NoteKeyError, make_note_key, read_note_key
from signing.trust import (
    ANCHORS,
    EVERY_ROLE,
    NOTE,
    Anchor,
    Role,
    TrustError,
    TrustFolder,
    load_trust,
)
from signing.trust_list import (
    Change,
    ListedAnchor,
    TrustList,
    TrustListError,
    change_between,
)
from signing.trust_store import STAGED, open_store, settle, stage, staged, unstage
from tests.pki import make

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SENDER, TSA = frozenset({Role.SENDER}), frozenset({Role.TIMESTAMP})
SIGNER = NoteSigner(
    name="tdh.test/trust", private_key=Ed25519PrivateKey.from_private_bytes(b"t" * 32)
)
OTHER = NoteSigner(name="tdh.test/trust", private_key=Ed25519PrivateKey.generate())


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """The shared PKI, and a timestamping authority that has nothing to do with it."""

    pki: make.Pki
    root: bytes
    tsa_root: bytes
    tsa: make.TestSigner


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    pki = make.shared_pki()
    root = make_root(
        subject=Subject(common_name="A TSA's Root"),
        key=new_p256_key(),
        serial=1,
        validity=make.ALWAYS,
    )
    key = rsa_key()
    unit = make_leaf(
        issuer=root,
        subject=Subject(common_name="Its Unit"),
        public_key=key.public_key(),
        serial=2,
        validity=make.ALWAYS,
        use=LeafUse.TIMESTAMP,
    )
    return Authorities(
        pki=pki,
        root=der(pki.root.certificate),
        tsa_root=der(root.certificate),
        tsa=make.TestSigner(key=key, chain=(unit,)),
    )


def line(
    certificate: bytes,
    roles: frozenset[Role] = SENDER,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    file: str = "root.pem",
) -> ListedAnchor:
    return ListedAnchor(
        sha256=hashlib.sha256(certificate).hexdigest(),
        roles=roles,
        valid_from=valid_from,
        valid_until=valid_until,
        file=file,
    )


# --- the list ------------------------------------------------------------------------------------

A = line(b"a", SENDER, None, NOW, "a.pem")
B = line(b"b", EVERY_ROLE, NOW, None, "b.pem")
C = line(b"c", TSA, NOW, NOW + timedelta(days=1), "c.cer")
LIST = TrustList(
    version=3, time=NOW, anchors=tuple(sorted((A, B, C), key=lambda each: each.sha256))
)


def test_a_list_has_one_spelling_and_survives_it() -> None:
    assert TrustList.parse(LIST.text()) == LIST
    head, *anchors = LIST.text().decode().split("\nanchor ")
    assert head == "tdh-trust/v1\nversion 3\ntime 2026-11-22T09:00:00Z"
    digest = hashlib.sha256(b"c").hexdigest()
    assert f"{digest} tsa 2026-11-22T09:00:00Z 2026-11-23T09:00:00Z c.cer" in [
        each.rstrip("\n") for each in anchors
    ]
    assert TrustList.parse(TrustList(version=1, time=NOW).text()).anchors == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tdh-trust/v1", "tdh-trust/v2"),
        ("version 3", "version 03"),
        ("version 3", "version 0"),
        ("version 3", "version -3"),
        ("version 3", "3"),
        ("version 3\n", ""),
        ("time 2026-11-22T09:00:00Z", "time -"),
        ("time 2026-11-22T09:00:00Z", "time 2026-11-22T09:00:00+00:00"),
        ("time 2026-11-22T09:00:00Z", "time 2026-11-22 09:00:00Z"),
        ("time 2026-11-22T09:00:00Z", "time 2026-11-22T09:00:00.5Z"),
        ("time 2026-11-22T09:00:00Z", "time 2026-13-22T09:00:00Z"),
        ("sender,tsa", "tsa,sender"),
        ("sender,tsa", "sender,sender"),
        ("sender,tsa", "sender,tsa,root"),
        ("sender,tsa", ""),
        ("c.cer", "../c.cer"),
        ("c.cer", ".hidden"),
        ("c.cer", "c cer"),
        ("c.cer", "B.PEM"),
        ("c.cer\n", "c.cer \n"),
        ("c.cer\n", "c.cer\n\n"),
        ("c.cer\n", "c.cer\r\n"),
        ("c.cer\n", "c.cer\nnotice me\n"),
        ("c.cer", "ค.cer"),
        (hashlib.sha256(b"c").hexdigest(), hashlib.sha256(b"c").hexdigest().upper()),
        (hashlib.sha256(b"c").hexdigest(), hashlib.sha256(b"b").hexdigest()),
    ],
)
def test_no_other_spelling_is_a_list(old: str, new: str) -> None:
    text = LIST.text().decode()
    assert old in text
    with pytest.raises(TrustListError):
        TrustList.parse(text.replace(old, new, 1).encode())


def test_a_list_that_is_cut_off_or_out_of_order_is_none() -> None:
    text = LIST.text()
    for end in range(len(text)):
        if not text[:end].endswith(b"\n") or text[:end].count(b"\n") < 3:
            with pytest.raises(TrustListError):
                TrustList.parse(text[:end])
    lines = text.splitlines(keepends=True)
    with pytest.raises(TrustListError):
        TrustList.parse(b"".join((*lines[:3], *reversed(lines[3:]))))


def test_the_log_is_told_what_changed() -> None:
    later = NOW + timedelta(days=1)
    added = LIST.following(line(b"new", file="new.pem"), NOW)
    assert (added.version, added.time) == (4, NOW)
    new = hashlib.sha256(b"new").hexdigest()
    assert change_between(LIST, added) == (Change.ADD, new)
    assert change_between(LIST, LIST.retiring(B, NOW, NOW)) == (Change.RETIRE, B.sha256)
    assert change_between(LIST, LIST.retiring(C, NOW, NOW)) == (Change.RETIRE, C.sha256)
    assert change_between(LIST, LIST.retiring(C, NOW + 2 * (later - NOW), NOW)) == (
        Change.ADD,
        C.sha256,
    )
    other_roles = replace(C, roles=SENDER, valid_until=NOW)
    assert change_between(LIST, LIST.following(other_roles, NOW)) == (Change.ADD, C.sha256)
    assert change_between(None, LIST) == (Change.LOAD, None)
    two = added.retiring(B, NOW, NOW)
    assert change_between(LIST, two) == (Change.LOAD, None)
    assert change_between(two, LIST) == (Change.LOAD, None)


# --- the key's file ------------------------------------------------------------------------------


def test_a_key_file_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = make_note_key(path, "tdh.test/trust")
    assert read_note_key(path).vkey == made.vkey
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_note_key(path, "tdh.test/trust")
    path.chmod(0o640)
    with pytest.raises(NoteKeyError, match="others than its owner"):
        read_note_key(path)


def test_the_published_example_key_is_read(tmp_path: Path) -> None:
    # The example of the reference implementation (golang.org/x/mod/sumdb/note).
    path = tmp_path / "key"
    path.write_text(
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
    )
    path.chmod(0o600)
    assert (
        read_note_key(path).vkey
        == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"tdh.test/trust+414ea6a1+AcJrTBMG6larEmccls0DEkbX5w4rq7zzg0cC8AF3ni26\n",
        b"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr\n",
        b"PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n",
        b"PRIVATE+KEY+Someone+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n",
        b"PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n",
    ],
)
def test_what_is_no_key_signs_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(NoteKeyError):
        read_note_key(path)


# --- the folder ----------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, authorities: Authorities) -> Path:
    """Version 1: a root for senders, one for timestamps; helpers as in a plain folder."""
    folder = tmp_path / "store"
    trust_store.lay_out(folder)
    listed = TrustList(version=1, time=NOW)
    for certificate, roles, file in (
        (authorities.root, SENDER, "root.pem"),
        (authorities.tsa_root, TSA, "tsa.pem"),
    ):
        listed = listed.following(line(certificate, roles, file=file), NOW)
        stage(folder, replace(listed, version=1), SIGNER, {file: certificate})
        settle(folder)
    shutil.copytree(authorities.pki.trust_folder / "intermediates", folder / "intermediates")
    for path in authorities.pki.trust_folder.glob("*.crl"):
        shutil.copy(path, folder)
    return folder


def test_a_store_is_read_as_its_list_says(store: Path, authorities: Authorities) -> None:
    found = open_store(store, SIGNER.verifier)
    assert found.signed.digest == hashlib.sha256((store / NOTE).read_bytes()).digest()
    assert set(found.trust.anchors) == {
        Anchor(der=authorities.root, roles=SENDER),
        Anchor(der=authorities.tsa_root, roles=TSA),
    }
    assert (len(found.trust.intermediates), len(found.trust.crls)) == (1, 2)


def test_a_store_that_is_named_as_a_folder_keeps_its_terms(store: Path) -> None:
    assert load_trust([store]) == open_store(store, SIGNER.verifier).trust
    (store / NOTE).write_bytes(b"no note")
    with pytest.raises(TrustError, match=NOTE):
        load_trust([store])


def _rewrite(store: Path, change: Callable[[bytes], bytes]) -> None:
    (store / NOTE).write_bytes(change((store / NOTE).read_bytes()))


FAULTS: dict[str, Callable[[Path], object]] = {
    "no note": lambda store: (store / NOTE).unlink(),
    "one letter of the list": lambda store: _rewrite(
        store, lambda n: n.replace(b" tsa ", b" sender ")
    ),
    "the version": lambda store: _rewrite(store, lambda n: n.replace(b"version 1", b"version 2")),
    "another's signature": lambda store: _rewrite(
        store, lambda n: sign_text(n.partition(b"\n\n")[0] + b"\n", OTHER)
    ),
    "no signature": lambda store: _rewrite(store, lambda n: n.partition(b"\n\n")[0] + b"\n"),
    "a signature over no list": lambda store: _rewrite(
        store, lambda _: sign_text(b"tdh-trust/v2\n", SIGNER)
    ),
    "an anchor is gone": lambda store: (store / ANCHORS / "tsa.pem").unlink(),
    "an anchor is another": lambda store: shutil.copy(
        store / ANCHORS / "tsa.pem", store / ANCHORS / "root.pem"
    ),
    "an anchor with a friend in its file": lambda store: (store / ANCHORS / "root.pem").write_bytes(
        (store / ANCHORS / "root.pem").read_bytes() + (store / ANCHORS / "tsa.pem").read_bytes()
    ),
    "an anchor is no certificate": lambda store: (store / ANCHORS / "root.pem").write_bytes(b"?"),
    "one that is not listed": lambda store: shutil.copy(
        store / ANCHORS / "tsa.pem", store / ANCHORS / "more.pem"
    ),
    "one beside the folder of anchors": lambda store: shutil.copy(
        store / ANCHORS / "tsa.pem", store / "more.CRT"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_is_not_as_it_was_signed_is_refused(store: Path, fault: str) -> None:
    open_store(store, SIGNER.verifier)
    FAULTS[fault](store)
    with pytest.raises(TrustError) as refusal:
        open_store(store, SIGNER.verifier)
    assert store in refusal.value.path.parents


def test_a_new_store_is_not_laid_over_certificates(tmp_path: Path, store: Path) -> None:
    with pytest.raises(TrustError, match="is there already"):
        trust_store.lay_out(store)
    (tmp_path / "plain").mkdir()
    shutil.copy(store / ANCHORS / "tsa.pem", tmp_path / "plain")
    with pytest.raises(TrustError, match="lies in the way"):
        trust_store.lay_out(tmp_path / "plain")
    assert not (tmp_path / "plain" / ANCHORS).exists()


def test_two_commands_do_not_change_a_store_at_once(store: Path) -> None:
    with (
        trust_store.hold(store),
        pytest.raises(TrustError, match="another command"),
        trust_store.hold(store),
    ):
        pytest.fail("both hold it")
    with trust_store.hold(store):
        pass


# --- changing it, and dying in between -----------------------------------------------------------


@pytest.fixture
def third(authorities: Authorities) -> tuple[bytes, ListedAnchor]:
    certificate = der(authorities.pki.issuing.certificate)
    return certificate, line(certificate, file="third.pem")


def test_what_is_staged_is_seen_by_nobody_until_it_is_settled(
    store: Path, third: tuple[bytes, ListedAnchor]
) -> None:
    before = open_store(store, SIGNER.verifier)
    after = before.signed.listed.following(third[1], NOW)
    stage(store, after, SIGNER, {"third.pem": third[0]})
    assert open_store(store, SIGNER.verifier) == before
    assert load_trust([store]) == before.trust
    waiting = staged(store, SIGNER.verifier)
    assert waiting is not None
    assert waiting.listed == after
    settle(store)
    now = open_store(store, SIGNER.verifier)
    assert now.signed == waiting
    assert len(now.trust.anchors) == 3
    assert not list(store.rglob(f"*{STAGED}"))


def test_settling_goes_on_where_it_was_interrupted(
    store: Path, third: tuple[bytes, ListedAnchor]
) -> None:
    after = open_store(store, SIGNER.verifier).signed.listed.following(third[1], NOW)
    stage(store, after, SIGNER, {"third.pem": third[0]})
    (store / ANCHORS / f"third.pem{STAGED}").rename(store / ANCHORS / "third.pem")
    with pytest.raises(TrustError, match="does not name"):
        open_store(store, SIGNER.verifier)
    settle(store)
    assert open_store(store, SIGNER.verifier).signed.listed == after


def test_staging_that_was_cut_off_or_another_s_does_not_count(
    store: Path, third: tuple[bytes, ListedAnchor]
) -> None:
    before = open_store(store, SIGNER.verifier)
    after = before.signed.listed.following(third[1], NOW)
    stage(store, after, SIGNER, {"third.pem": third[0]})
    whole = (store / (NOTE + STAGED)).read_bytes()
    for content in (b"", whole[:-20], whole.replace(b"version 2", b"version 9")):
        (store / (NOTE + STAGED)).write_bytes(content)
        assert staged(store, SIGNER.verifier) is None
    stage(store, after, OTHER, {})
    assert staged(store, SIGNER.verifier) is None
    unstage(store)
    assert open_store(store, SIGNER.verifier) == before
    assert not list(store.rglob(f"*{STAGED}"))


# --- what an anchor vouches for ------------------------------------------------------------------


def judged(document: bytes, *anchors: Anchor, at: datetime = make.JUDGED_AT) -> tuple[str, bool]:
    """The code, and whether every timestamp counted."""
    helpers = load_trust([make.shared_pki().trust_folder])
    trust = TrustFolder.from_bytes(replace(helpers, anchors=anchors).to_bytes())
    inputs = Inputs(
        material=material_of(trust),
        trust_version=trust.version,
        policy=Policy(revocation=RevocationMode.REQUIRE),
        at=at,
    )
    found = asyncio.run(judge(document, inputs))
    codes = {note.code.value for note in found.notes}
    return found.verdict.reason.code, "timestamp-not-counted" not in codes


@pytest.fixture(scope="session")
def saved(authorities: Authorities) -> bytes:
    """Signed under a certificate that has expired since: only its timestamp saves it."""
    stamp = authorities.pki.timestamp(make.SIGNED_AT, by=authorities.tsa)
    signer = authorities.pki.signers["expired"]
    return make.sign_pdf(make.simple_pdf(), signer, timestamp=stamp)


def test_each_root_vouches_for_its_own_kind(authorities: Authorities, saved: bytes) -> None:
    for_senders = Anchor(der=authorities.root, roles=SENDER)
    for_stamps = Anchor(der=authorities.tsa_root, roles=TSA)
    assert judged(saved, for_senders, for_stamps) == ("signature-valid", True)


def test_a_timestamping_root_does_not_vouch_for_senders(
    authorities: Authorities, saved: bytes
) -> None:
    for_stamps = Anchor(der=authorities.tsa_root, roles=TSA)
    for_both = Anchor(der=authorities.root, roles=TSA)
    assert judged(saved, for_both, for_stamps) == ("unknown-root", True)


def test_a_root_of_senders_does_not_vouch_for_timestamps(
    authorities: Authorities, saved: bytes
) -> None:
    for_senders = Anchor(der=authorities.root, roles=SENDER)
    not_for_stamps = Anchor(der=authorities.tsa_root, roles=SENDER)
    code, counted = judged(saved, for_senders, not_for_stamps)
    assert (code, counted) == ("certificate-expired-not-revoked", False)


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        (None, None, "signature-valid"),
        (None, make.JUDGED_AT + timedelta(seconds=1), "signature-valid"),
        (None, make.JUDGED_AT, "unknown-root"),
        (make.JUDGED_AT, None, "signature-valid"),
        (make.JUDGED_AT + timedelta(seconds=1), None, "unknown-root"),
    ],
)
def test_an_anchor_vouches_from_its_beginning_until_its_end(
    authorities: Authorities, begins: datetime | None, ends: datetime | None, code: str
) -> None:
    document = make.sign_pdf(make.simple_pdf(), authorities.pki.signers["good"])
    anchor = Anchor(der=authorities.root, valid_from=begins, valid_until=ends)
    assert judged(document, anchor) == (code, True)


def test_a_person_s_certificate_vouches_for_that_person_only() -> None:
    key = new_p256_key()
    person = make_root(
        subject=Subject(common_name="Issuer"), key=key, serial=5, validity=make.ALWAYS
    )
    certificate = make_leaf(
        issuer=person,
        subject=Subject(common_name="A Person"),
        public_key=key.public_key(),
        serial=6,
        validity=make.ALWAYS,
    )
    as_authority = replace(person, certificate=certificate)
    minted = make_leaf(
        issuer=as_authority,
        subject=Subject(common_name="The Prime Minister"),
        public_key=key.public_key(),
        serial=7,
        validity=make.ALWAYS,
    )
    own = make.TestSigner(key=key, chain=(certificate,))
    forged = make.TestSigner(key=key, chain=(minted, certificate))
    anchor = Anchor(der=der(certificate))
    assert judged(make.sign_pdf(make.simple_pdf(), own), anchor) == ("signature-valid", True)
    assert judged(make.sign_pdf(make.simple_pdf(), forged), anchor) == ("unknown-root", True)


@pytest.mark.parametrize(
    ("retired", "code"),
    [
        (make.SIGNED_AT + timedelta(seconds=1), "signature-valid"),
        (make.SIGNED_AT, "unknown-root"),
    ],
)
def test_what_is_proven_to_be_older_survives_the_retirement_of_its_root(
    authorities: Authorities, retired: datetime, code: str
) -> None:
    stamp = authorities.pki.timestamp(make.SIGNED_AT, by=authorities.tsa)
    good = authorities.pki.signers["good"]
    document = make.sign_pdf(make.simple_pdf(), good, timestamp=stamp)
    root = Anchor(der=authorities.root, roles=SENDER, valid_until=retired)
    for_stamps = Anchor(der=authorities.tsa_root, roles=TSA)
    assert judged(document, root, for_stamps) == (code, True)


def test_a_retired_timestamping_root_proves_nothing_any_more(
    authorities: Authorities, saved: bytes
) -> None:
    root = Anchor(der=authorities.root, roles=SENDER)
    for_stamps = Anchor(der=authorities.tsa_root, roles=TSA, valid_until=make.JUDGED_AT)
    code, counted = judged(saved, root, for_stamps)
    assert (code, counted) == ("certificate-expired-not-revoked", False)


def test_the_version_of_trust_tells_every_term(authorities: Authorities) -> None:
    plain = Anchor(der=authorities.root)
    others = [
        replace(plain, roles=SENDER),
        replace(plain, roles=TSA),
        replace(plain, valid_from=NOW),
        replace(plain, valid_until=NOW),
    ]
    folders = [TrustFolder(anchors=(anchor,)) for anchor in (plain, *others)]
    assert len({folder.version for folder in folders}) == len(folders)
    for folder in folders:
        assert TrustFolder.from_bytes(folder.to_bytes()) == folder
    whole = folders[0]
    for folder in folders[1:]:
        whole = whole.merged(folder)
    assert len(whole.anchors) == len(folders)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("key.pem", "certificates"),
        ("note.der", "certificates"),
        ("list.crl", "revocation lists"),
        ("answer.ocsp", "OCSP answers"),
    ],
)
def test_a_file_that_is_something_else_is_told_in_words(
    tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / name
    path.write_text("hello, this is a letter", encoding="ascii")
    with pytest.raises(TrustError) as told:
        load_trust([path])
    assert told.value.why == f"holds something else than {kind} in PEM or DER"
