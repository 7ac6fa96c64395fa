"""A stranger's trust file changes by the word of the log that he knows, and by nothing less."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from signing import certificates as made
from signing.checkpoint import NoteSigner
from signing.compromise import CompromisedKey, name_of_verifier, names_of_path
from signing.log_entry import operation_entry
from signing.tlog_proof import TlogProof
from signing.trust_file import TrustFile, load_trust_file
from signing.verify.trust_update import grouped, publication_entry
from tdh.cli.main import main
from tests.proof_samples import AT, NOW, Logged, Operator

SINCE = NOW - timedelta(days=9)


class Reader:
    """Somebody with a trust file, and an operator who publishes newer ones."""

    def __init__(self, folder: Path, capsys) -> None:
        self.folder, self.capsys = folder, capsys
        self.operator = Operator()
        self.operator.delivery(1, "SubmissionAcceptance ContentConsignment", "basic")
        self.trust = folder / "trust.json"
        self.said = self.error = ""

    def begin(self, trust: TrustFile) -> None:
        self.trust.write_bytes(trust.text())

    def publish(
        self, trust: TrustFile, version: int = 1, entry: bytes = b"", witnesses: tuple = ()
    ) -> None:
        """Log a new file; leaves it and its proof in the folder."""
        content = trust.text()
        entry = entry or publication_entry(version, content, NOW)
        place = Logged(facts=None, xml=b"", entry=entry, index=self.operator.checkpoint().size)
        self.operator.add(entry)
        (self.folder / "new.json").write_bytes(content)
        proof = self.operator.proof(place, self.operator.cosigned(*witnesses))
        (self.folder / "new.tlog-proof").write_bytes(proof)

    def update(self, *more: str) -> int:
        names = {"trust": self.trust.name, "new": "new.json", "proof": "new.tlog-proof"}
        files = [word for name, file in names.items() for word in (f"--{name}", self.at(file))]
        code = main(["trust", "update", *files, "--at", AT.isoformat(), *more])
        self.said, self.error = self.capsys.readouterr()
        return code

    def at(self, name: str) -> str:
        return str(self.folder / name)

    @property
    def now(self) -> TrustFile:
        return load_trust_file(self.trust)


@pytest.fixture
def reader(tmp_path: Path, capsys) -> Reader:
    return Reader(tmp_path, capsys)


def lost(key: str, since=SINCE) -> CompromisedKey:
    return CompromisedKey(key=key, since=since)


def test_a_published_file_replaces_the_old_one_and_says_what_changed(reader) -> None:
    reader.begin(reader.operator.trust)
    other = Operator().keys.root
    newer = replace(
        reader.operator.trust,
        seal_roots=(*reader.operator.trust.seal_roots, other),
        compromised=(lost("ab" * 32),),
    )
    reader.publish(newer, version=3)

    assert reader.update() == 0
    assert reader.trust.read_bytes() == newer.text()
    assert "added: root of seals Seal Root" in reader.said
    assert "added: compromised key abab abab" in reader.said
    assert "รุ่น / version 3" in reader.said
    assert reader.trust.with_name("trust.json.tlog-proof").exists()


def test_a_dry_run_changes_nothing(reader) -> None:
    reader.begin(reader.operator.trust)
    reader.publish(replace(reader.operator.trust, compromised=(lost("ab" * 32),)))

    assert reader.update("--dry-run", "--json") == 0
    assert json.loads(reader.said)["changed"] is False
    assert reader.now == reader.operator.trust
    assert sorted(each.name for each in reader.folder.iterdir()) == [
        "new.json",
        "new.tlog-proof",
        "trust.json",
    ]


def test_versions_never_go_back(reader) -> None:
    reader.begin(reader.operator.trust)
    one = replace(reader.operator.trust, compromised=(lost("ab" * 32),))
    two = replace(one, compromised=(*one.compromised, lost("cd" * 32)))
    reader.publish(two, version=2)
    assert reader.update() == 0
    assert reader.update() == 0  # the same again

    for version in (1, 2):
        reader.publish(replace(two, witness_threshold=0, seal_roots=()), version=version)
        assert reader.update() == 1
        assert "version 2 is known already" in reader.error
    assert reader.now == two


def test_no_compromised_key_is_forgotten(reader) -> None:
    known = replace(reader.operator.trust, compromised=(lost("ab" * 32),))
    reader.begin(known)
    for newer in ((), (lost("ab" * 32, SINCE + timedelta(days=1)),)):
        reader.publish(replace(known, compromised=newer))
        assert reader.update() == 1
        assert "forgets that the key abab" in reader.error
    reader.publish(replace(known, compromised=(lost("ab" * 32, SINCE - timedelta(days=1)),)))
    assert reader.update() == 0


def test_a_log_key_in_other_hands_has_no_say(reader) -> None:
    """Not even where outsiders saw the head before: whom to believe next is asked elsewhere."""
    key = name_of_verifier(reader.operator.signer.verifier)
    reader.begin(reader.operator.outsiders(threshold=1, compromised=(lost(key, AT),)))
    reader.publish(reader.operator.trust, witnesses=(1, 2))

    assert reader.update() == 1
    assert "the log's key is in other hands" in reader.error


def test_a_log_s_second_key_may_speak_where_the_first_is_lost(reader) -> None:
    operator = reader.operator
    second = NoteSigner(name=operator.signer.name, private_key=Operator().signer.private_key)
    key = name_of_verifier(operator.signer.verifier)
    trust = replace(
        operator.trust,
        logs=(operator.signer.verifier, second.verifier),
        compromised=(lost(key, AT),),
    )
    reader.begin(trust)
    reader.publish(trust)
    assert reader.update() == 1  # the lost key signed alone

    proof = TlogProof.parse((reader.folder / "new.tlog-proof").read_bytes())
    text = operator.checkpoint().text()
    both = replace(
        proof, checkpoint_note=proof.checkpoint_note + second.signature_line(text)
    ).text()
    (reader.folder / "new.tlog-proof").write_bytes(both)
    assert reader.update() == 0


@pytest.mark.parametrize(("witnesses", "code"), [((), 1), ((1,), 1), ((1, 3), 0)])
def test_who_asks_for_witnesses_takes_nothing_that_they_did_not_see(
    reader, witnesses, code
) -> None:
    reader.begin(reader.operator.outsiders(threshold=2))
    newer = reader.operator.outsiders(threshold=2, compromised=(lost("ab" * 32),))
    reader.publish(newer, witnesses=witnesses)

    assert reader.update() == code
    assert bool(reader.now.compromised) is (code == 0)


def test_an_operator_does_not_choose_his_own_watchers(reader) -> None:
    old = reader.operator.outsiders(threshold=2)
    reader.begin(old)
    newer = replace(reader.operator.trust, compromised=(lost("ab" * 32),))
    reader.publish(newer, witnesses=(1, 2))

    assert reader.update() == 0
    assert reader.now == replace(old, compromised=newer.compromised)
    assert "witness" not in reader.said

    reader.publish(newer, version=2, witnesses=(1, 2))
    assert reader.update("--accept-outsiders") == 0
    assert reader.now == newer
    assert "removed: key of a witness witness.example/w1" in reader.said
    assert "witnesses that are needed: 0 instead of 2" in reader.said


def test_what_is_not_this_log_s_word_for_this_file_is_refused(reader) -> None:
    trust = reader.operator.trust
    reader.begin(trust)
    stranger = Operator()
    reader.publish(trust)
    other = (reader.folder / "new.json").read_bytes().replace(b'threshold": 0', b'threshold": 1')
    evidence = reader.operator.proof(reader.operator.logged[0])
    good = (reader.folder / "new.tlog-proof").read_bytes()
    other_log = replace(trust, logs=(stranger.signer.verifier,))

    def refused(problem: str, *, file: bytes = b"", proof: bytes = b"") -> None:
        (reader.folder / "new.json").write_bytes(file or trust.text())
        (reader.folder / "new.tlog-proof").write_bytes(proof or good)
        assert reader.update() == 1, problem
        assert problem in reader.error
        assert reader.now == trust

    refused("for another trust file", file=other)
    refused("does not publish a trust file", proof=evidence)
    refused("cannot be read", proof=b"nothing")
    entry = publication_entry(2, trust.text(), NOW)
    parsed = TlogProof.parse(good)
    refused("", proof=replace(parsed, extra=entry).text())  # never logged
    note = parsed.checkpoint_note.replace(b"\xe2\x80\x94 ", b"\xe2\x80\x94 x", 1)
    refused("", proof=replace(parsed, checkpoint_note=note).text())
    reader.begin(replace(trust, logs=(stranger.signer.verifier,)))
    (reader.folder / "new.tlog-proof").write_bytes(good)
    assert reader.update() == 1
    reader.begin(replace(trust, logs=(*trust.logs, Operator("other.example/log").signer.verifier)))
    assert reader.update() == 1
    assert "one operator cannot replace all of it" in reader.error
    reader.begin(replace(trust, logs=()))
    assert reader.update() == 1
    reader.begin(trust)
    reader.publish(replace(other_log, logs=(Operator("x.example/log").signer.verifier,)))
    assert reader.update() == 1
    assert "believes other logs" in reader.error
    for fields in (
        [("version", "0")],
        [("version", "01"), ("digest", "sha-256 " + "0" * 64)],
        [("version", "1"), ("digest", "0" * 64)],
        [("version", "1"), ("digest", "sha-256 " + "0" * 64), ("more", "x")],
    ):
        reader.publish(trust, entry=operation_entry("trust-file", NOW, fields))
        assert reader.update() == 1
        assert "does not publish a trust file" in reader.error


def test_a_trust_file_is_read_out_in_groups_of_four(reader) -> None:
    trust = reader.operator.outsiders(threshold=2, compromised=(lost("ab" * 32),))
    reader.begin(trust)

    assert main(["trust", "show", str(reader.trust)]) == 0
    said, _ = reader.capsys.readouterr()
    digest = hashlib.sha256(trust.text()).hexdigest()
    assert said.startswith(f"sha-256 {digest[:4]} {digest[4:8]} ")
    root = hashlib.sha256(made.der(reader.operator.keys.root)).hexdigest()
    assert f"root of seals: Seal Root {root[:4]} {root[4:8]} " in said
    assert said.count("key of a witness") == 3
    assert "witness.example/w2" in said
    assert main(["trust", "show", str(reader.trust), "--json"]) == 0
    said, _ = reader.capsys.readouterr()
    assert json.loads(said)["sha256"] == digest


def dropping(reader, *, root: bool, compromised: bool) -> str:
    """Publish a file without the operator's root of timestamps or key of the log; its digits."""
    operator = reader.operator
    trust = operator.trust
    second = NoteSigner(name=operator.signer.name, private_key=Operator().signer.private_key)
    old = replace(trust, logs=(*trust.logs, second.verifier))
    reader.begin(old)
    if root:
        newer, (one,) = replace(old, tsa_roots=()), old.tsa_roots
        digits, key = one.fingerprint(SHA256()).hex(), names_of_path([one])[0]
    else:
        newer = trust
        digits = key = name_of_verifier(second.verifier)
    reader.publish(replace(newer, compromised=(lost(key),)) if compromised else newer)
    return digits


@pytest.mark.parametrize("root", [True, False])
def test_what_is_dropped_without_a_word_is_refused_unless_it_is_named(reader, root) -> None:
    digits = dropping(reader, root=root, compromised=False)
    before = reader.now

    for more in ((), ("--accept-outsiders",), ("--drop", "ab" * 32)):
        assert reader.update(*more) == 1
        assert "REFUSED: the new file drops the" in reader.error
        assert f"--drop {digits}" in reader.error
        assert reader.now == before

    assert reader.update("--drop", grouped(digits).upper()) == 0
    assert "!!! DROPPED without a word of compromise" in reader.said
    assert reader.now != before


@pytest.mark.parametrize("root", [True, False])
def test_what_is_dropped_as_compromised_is_taken(reader, root) -> None:
    dropping(reader, root=root, compromised=True)
    assert reader.update() == 0
    assert "!!!" not in reader.said
    assert "removed: " in reader.said
