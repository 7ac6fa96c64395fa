"""The page in the browser is never kinder than `tdh verify`: the same files, the same answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bundle_samples import CONTENT, BundlingOperator, written
from proof_samples import CITIZEN, COMPANY, NOW, Operator, Stamper, witness
from test_verify_page import VALIDITY, Shown, browser, shown

from signing import certificates as made
from signing.bundle.container import member
from signing.bundle.contents import members_of
from signing.compromise import CompromisedKey, name_of_verifier, names_of_path
from signing.cosignature import CosignatureSigner
from signing.evidence_document import write_evidence
from signing.seals import Seal
from signing.trust_file import TrustFile, TrustFileError
from signing.verify.files import verify_files

__all__ = ["browser", "shown"]  # fixtures

SEEN, SINCE, LATER = (NOW + timedelta(minutes=each) for each in (2, 10, 20))


@pytest.fixture(scope="module")
def operator() -> Operator:
    operator = Operator(validity=VALIDITY)
    operator.delivery(1, COMPANY, "basic")
    return operator


class Trick:
    """A folder with one evidence and everything beside it."""

    def __init__(self, operator: Operator, folder: Path) -> None:
        self.operator, self.folder = operator, folder
        self.one = operator.logged[0]
        self.write(self.one, operator.head())

    def write(self, one, note: bytes) -> None:
        self.operator.write(self.folder, one, note=note)
        (self.folder / "checkpoint").unlink()

    def cosigned(self, *places: int, at=SEEN, by=()) -> None:
        self.write(self.one, self.operator.cosigned(*places, at=at, by=by))

    def outside(self, stamper: Stamper, at=SEEN) -> None:
        token = stamper.token(self.operator.head(), at)
        (self.folder / "checkpoint-3-outside.tsr").write_bytes(token)

    @property
    def seal(self) -> str:
        return names_of_path(self.operator.keys.seal.chain)[0]

    def outsiders(self, *lost: str, threshold: int = 0, **more) -> TrustFile:
        keys = tuple(CompromisedKey(key=key, since=SINCE) for key in lost)
        return replace(self.operator.outsiders(threshold, compromised=keys), **more)


def everything_in_order(trick: Trick) -> TrustFile:
    trick.cosigned(1)
    trick.outside(trick.operator.outside)
    return trick.outsiders(threshold=1)


def log_key_lost(trick: Trick) -> TrustFile:
    return trick.outsiders(name_of_verifier(trick.operator.signer.verifier))


def log_key_lost_after_an_outsider_saw_it(trick: Trick) -> TrustFile:
    trick.cosigned(1)
    return trick.outsiders(name_of_verifier(trick.operator.signer.verifier))


def log_key_lost_before_the_outsider_saw_it(trick: Trick) -> TrustFile:
    trick.cosigned(1, at=LATER)
    return trick.outsiders(name_of_verifier(trick.operator.signer.verifier))


def witness_key_lost(trick: Trick) -> TrustFile:
    trick.cosigned(1)
    return trick.outsiders(name_of_verifier(witness(1).verifier), threshold=1)


def seal_key_lost_and_the_authority_s_too(trick: Trick) -> TrustFile:
    trick.outside(trick.operator.outside)
    return trick.outsiders(trick.seal, *names_of_path([trick.operator.outside.unit]))


def seal_key_lost_and_the_authority_ended(trick: Trick) -> TrustFile:
    short = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(hours=1))
    ended = Stamper("Ended", short)
    trick.outside(ended)
    return trick.outsiders(trick.seal, outside_tsa_roots=(ended.root.certificate,))


def seal_key_lost_within_the_accuracy(trick: Trick) -> TrustFile:
    trick.outside(trick.operator.outside, SINCE - timedelta(milliseconds=500))
    return trick.outsiders(trick.seal)


def seal_key_lost_between_two_witnesses(trick: Trick) -> TrustFile:
    early = trick.operator.cosigned(1, 1)
    late = witness(3).signature_line(trick.operator.checkpoint().text(), LATER)
    trick.write(trick.one, early + late)
    return trick.outsiders(trick.seal, threshold=2)


def one_key_under_two_names(trick: Trick) -> TrustFile:
    twin = CosignatureSigner(name="twin", private_key=witness(1).private_key)
    trick.cosigned(1, by=(twin,))
    known = (witness(1).verifier, twin.verifier)
    return trick.outsiders(threshold=2, witnesses=known)


def witness_from_before_the_event(trick: Trick) -> TrustFile:
    trick.cosigned(1, at=NOW - timedelta(hours=1))
    return trick.outsiders(threshold=1)


def public_root_above_the_operator_s(trick: Trick) -> TrustFile:
    trick.outside(trick.operator.tsa)
    root = trick.operator.tsa.root
    public = Stamper("Public")
    crossed = made.make_intermediate(
        issuer=public.root,
        subject=made.Subject(common_name="TSU Root"),
        key=root.key,
        serial=9,
        validity=VALIDITY,
    )
    both = (public.root.certificate, crossed.certificate)
    return trick.outsiders(trick.seal, outside_tsa_roots=both)


def authority_below_one_that_may_have_none(trick: Trick) -> TrustFile:
    return resealed(
        trick, made.Validity(not_before=VALIDITY.not_before, not_after=LATER), deep=True
    )


def authority_ended_before_its_certificate(trick: Trick) -> TrustFile:
    return resealed(trick, made.Validity(not_before=VALIDITY.not_before, not_after=LATER))


def resealed(trick: Trick, validity: made.Validity, *, deep: bool = False) -> TrustFile:
    """The same event under a chain of authorities."""
    keys = made.new_p256_key()
    root = made.make_root(
        subject=made.Subject(common_name="R"), key=made.new_p256_key(), serial=1, validity=VALIDITY
    )
    chain = [root]
    for number in range(2 if deep else 1):
        chain.append(
            made.make_intermediate(
                issuer=chain[-1],
                subject=made.Subject(common_name=f"I{number}"),
                key=made.new_p256_key(),
                serial=2 + number,
                validity=validity,
            )
        )
    leaf = made.make_leaf(
        issuer=chain[-1],
        subject=made.Subject(common_name="Seal"),
        public_key=keys.public_key(),
        serial=9,
        validity=VALIDITY,
    )
    path = (leaf, *(each.certificate for each in reversed(chain[1:])))
    operator = Operator(validity=VALIDITY)
    operator.signer = trick.operator.signer
    operator.keys = replace(operator.keys, seal=Seal(key=keys, chain=path), root=root.certificate)
    operator.issuer = replace(operator.issuer, certificate=made.der(leaf))
    one = operator.log(trick.one.facts)
    assert write_evidence(one.facts, operator.issuer)
    trick.operator, trick.one = operator, one
    trick.write(one, operator.head())
    (trick.folder / "checkpoint.tsr").unlink()  # nobody says when it was there
    return operator.trust


ALIKE: list[Callable[[Trick], TrustFile]] = [
    everything_in_order,
    log_key_lost,
    log_key_lost_after_an_outsider_saw_it,
    log_key_lost_before_the_outsider_saw_it,
    witness_key_lost,
    seal_key_lost_and_the_authority_s_too,
    seal_key_lost_and_the_authority_ended,
    seal_key_lost_within_the_accuracy,
    seal_key_lost_between_two_witnesses,
    one_key_under_two_names,
    witness_from_before_the_event,
    public_root_above_the_operator_s,
    authority_below_one_that_may_have_none,
    authority_ended_before_its_certificate,
]
SOUND = {everything_in_order, log_key_lost_after_an_outsider_saw_it}


@pytest.mark.parametrize("trick", ALIKE)
def test_the_page_says_what_tdh_verify_says(trick, shown, operator, tmp_path) -> None:
    made_up = Trick(operator, tmp_path)
    trust = trick(made_up)
    (tmp_path / "trust.json").write_bytes(trust.text())
    (path,) = tmp_path.glob("*.xml")
    (file,) = verify_files([path], trust, datetime.now(UTC)).files
    shown.drop(*sorted(tmp_path.iterdir()))
    assert shown.of(path.name) == file.result.value, shown.page.inner_text("#results")
    assert (file.result.value == "valid") == (trick in SOUND)


@pytest.mark.parametrize(
    "text",
    [
        b'{"logs": [], "compromised": [{"key": "'
        + b"A" * 64
        + b'", "since": "2026-11-22T00:00:00Z"}]}',
        b'{"logs": [], "compromised": [{"key": "' + b"a" * 64 + b'", "since": "yesterday"}]}',
        b'{"logs": [], "compromised": {}}',
        b'{"logs": [], "logs": []}',
        b'{"logs": [], "witness_threshold": "2"}',
        b'{"logs": [], "witness_threshold": -1}',
        b'{"logs": [], "__proto__": {"threshold": 0}}',
    ],
)
def test_a_trust_file_that_tdh_refuses_is_refused_here(text, shown, tmp_path) -> None:
    with pytest.raises(TrustFileError):
        TrustFile.parse(text)
    (tmp_path / "trust.json").write_bytes(text)
    shown.page.set_input_files("#trust", str(tmp_path / "trust.json"))
    shown.page.wait_for_selector("#results section.invalid")


def test_a_witness_that_is_the_log_is_refused(shown, operator, tmp_path) -> None:
    own = CosignatureSigner(name="w", private_key=operator.signer.private_key)
    trust = replace(operator.trust, witnesses=(own.verifier,), witness_threshold=1)
    (tmp_path / "trust.json").write_bytes(trust.text())
    shown.page.set_input_files("#trust", str(tmp_path / "trust.json"))
    shown.page.wait_for_selector("#results section.invalid")


def test_two_evidences_of_one_number_contradict_each_other(shown, tmp_path) -> None:
    operator = Operator(validity=VALIDITY)
    first = operator.delivery(1, CITIZEN, "consent")[1]
    other = operator.log(replace(first.facts, time=first.facts.time + timedelta(seconds=9)))
    (one,) = operator.write(tmp_path, first)
    one.rename(one.with_name("a.xml"))
    one.with_suffix(".tlog-proof").rename(one.with_name("a.tlog-proof"))
    operator.write(tmp_path, other)
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    shown.drop(*sorted(each for each in tmp_path.iterdir() if each.name != "checkpoint"))
    assert {shown.of("a.xml"), shown.of(one.name)} == {"invalid"}


# --- bundles --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundles(tmp_path_factory) -> dict[str, tuple[bytes, BundlingOperator]]:
    """Bundles by what was done to them, each sealed by the operator's key."""
    operator = BundlingOperator(tmp_path_factory.mktemp("keys"), Operator(validity=VALIDITY))
    members = members_of(operator.contents())
    wrong = [member("documents/3-more.pdf", "application/pdf", b"not named")]
    swapped = replace(members[-2], manifest=replace(members[-2].manifest, uri="documents/2-a.pdf"))
    other = [each for each in members if not each.manifest.uri.startswith("reports/")]
    report = [member("reports/1.json", "application/json", b"{}")]
    strange = [member("evidence/notes.txt", "text/plain", b"x")]
    proofless = [each for each in members if not each.manifest.uri.endswith(".tlog-proof")]

    def all_of() -> dict[str, bytes]:
        found = {
            "right": members,
            "another document": [*wrong, *members],
            "documents in each other's place": [*members[:-2], swapped],
            "another report": [*report, *other],
            "a file of no bundle": [*strange, *members],
            "evidence without proof": proofless,
        }
        data = {name: written(operator.container_of(each), CONTENT) for name, each in found.items()}
        return data | {
            "something before": b"x" + data["right"],
            "something between": _gap(data["right"]),
            "another name before the content": data["right"].replace(
                b"documents/1-", b"documents/9-", 1
            ),
        }

    with ThreadPoolExecutor(1) as apart:  # the browser's driver has a loop in this thread
        data = apart.submit(all_of).result()
    return {name: (each, operator) for name, each in data.items()}


def _gap(data: bytes) -> bytes:
    """A byte between the files and their directory, whose place is moved on."""
    place = int.from_bytes(data[-6:-2], "little")
    return data[:place] + b"x" + data[place:-6] + (place + 1).to_bytes(4, "little") + data[-2:]


NAMES = [
    "right",
    "another document",
    "documents in each other's place",
    "another report",
    "a file of no bundle",
    "evidence without proof",
    "something before",
    "something between",
    "another name before the content",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_is_what_tdh_verify_says(name, bundles, shown: Shown, tmp_path) -> None:
    data, operator = bundles[name]
    path = tmp_path / "b.asice"
    path.write_bytes(data)
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    (file,) = verify_files([path], operator.trust, datetime.now(UTC)).files
    shown.drop(path, tmp_path / "trust.json")
    said = shown.of("b.asice")
    if name == "something before":  # no container to the page: a document that nobody names
        assert said == "cannot_tell"
    else:
        assert said == file.result.value, shown.page.inner_text("#results")
    assert (file.result.value == "valid") == (name == "right")
