"""xmlsec1, xmllint with ETSI's schema, and lxml, which we did not write, judge our evidence.

Every acceptance has its refusal beside it: one byte changed, another root.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from evidence_samples import (
    NOW,
    SealingKeys,
    any_facts,
    by_delegates,
    facts,
    party,
    rejection,
    sealing_keys,
    signature_status,
)
from hypothesis import HealthCheck, given, settings
from lxml import etree

from signing import certificates as made
from signing.evidence_document import write_evidence
from tdh.domain.evidence import EvidenceFacts

SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
SCHEMA = "1952203xmlSchema.xsd"
SAMPLES = {
    "acceptance": facts(),
    "rejection": rejection(),
    "withdrawal": facts(event="Withdrawal", due=None),
    "signature status": signature_status(),
    "delegates": by_delegates(),
    "refused submission": facts(
        event="SubmissionRejection", due=None, recipients=(party(), party("th-agency:06002"))
    ),
    "odd texts": facts(letter_number="\t\n\r\x85<]]>&\"'", particulars=(("channel", "a\r\nb  "),)),
}
KEYS = {
    "P-256": sealing_keys,
    "P-256 below an intermediate": lambda: sealing_keys(intermediate=True),
    "RSA-3072": lambda: sealing_keys(made.new_rsa_key(3072)),
}


@pytest.fixture(scope="module", params=list(KEYS), ids=list(KEYS))
def keys(request: pytest.FixtureRequest) -> SealingKeys:
    return KEYS[request.param]()


def sealed(one: EvidenceFacts, keys: SealingKeys) -> bytes:
    return keys.seal.seal(write_evidence(one, keys.issuer), signing_time=NOW)


def xmlsec1(xml: bytes, root, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "evidence.xml").write_bytes(xml)
    (folder / "root.pem").write_bytes(made.pem(root))
    command = ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem"]
    command += [str(folder / "root.pem"), "--id-attr:Id", SIGNED_PROPERTIES]
    command += ["--verification-time", NOW.strftime("%Y-%m-%d %H:%M:%S")]
    return subprocess.run(
        [*command, str(folder / "evidence.xml")], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("one", SAMPLES.values(), ids=SAMPLES.keys())
def test_xmlsec1_accepts_the_seal_and_both_references(one, keys, tmp_path) -> None:
    found = xmlsec1(sealed(one, keys), keys.root, tmp_path)

    assert found.returncode == 0, found.stderr
    assert "SignedInfo References (ok/all): 2/2" in found.stdout + found.stderr


def test_xmlsec1_refuses_every_kind_of_change(keys, tmp_path) -> None:
    xml = sealed(facts(), keys)
    changes = (
        ("กรม".encode(), "กรน".encode()),
        (b"<tdh:Sequence>1<", b"<tdh:Sequence>2<"),
        (b".123456Z</xades:SigningTime>", b".123457Z</xades:SigningTime>"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
    )
    for old, new in changes:
        assert old in xml
        assert xmlsec1(xml.replace(old, new, 1), keys.root, tmp_path).returncode != 0, old


def test_xmlsec1_refuses_a_strangers_root(keys, tmp_path) -> None:
    found = xmlsec1(sealed(facts(), keys), sealing_keys().root, tmp_path)

    assert found.returncode != 0


@pytest.fixture(scope="module")
def schema_folder(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copies of the reference schemas that name each other by file instead of by address."""
    folder = tmp_path_factory.mktemp("xsd")
    for source in (reference / "xsd").glob("*.xsd"):
        tree = etree.parse(source, etree.XMLParser(load_dtd=False, resolve_entities=False))
        for element in tree.iter("{http://www.w3.org/2001/XMLSchema}import"):
            address = element.get("schemaLocation")
            if address:
                element.set("schemaLocation", address.rpartition("/")[2])
        text = etree.tostring(tree.getroot(), encoding="UTF-8", xml_declaration=True)
        (folder / source.name).write_bytes(text)
    return folder


@pytest.mark.reference
@pytest.mark.parametrize("one", SAMPLES.values(), ids=SAMPLES.keys())
def test_xmllint_finds_the_sealed_evidence_valid_by_etsis_schema(
    one, keys, schema_folder, tmp_path
) -> None:
    file = tmp_path / "evidence.xml"
    file.write_bytes(sealed(one, keys))

    found = xmllint(schema_folder, file)

    assert found.returncode == 0, found.stderr


@pytest.mark.reference
def test_xmllint_refuses_an_evidence_without_its_event(keys, schema_folder, tmp_path) -> None:
    file = tmp_path / "evidence.xml"
    xml = sealed(facts(), keys)
    start, end = xml.index(b"<ev:ERDSEventId>"), xml.index(b"<EventTime>")
    file.write_bytes(xml[:start] + xml[end:])

    assert xmllint(schema_folder, file).returncode != 0


def xmllint(schema_folder: Path, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", str(schema_folder / SCHEMA), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.reference
def test_any_evidence_is_valid_by_etsis_schema(schema_folder) -> None:
    schema = etree.XMLSchema(etree.parse(schema_folder / SCHEMA))
    keys = KEYS["P-256"]()

    @given(any_facts())
    @settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    def all_are_valid(one: EvidenceFacts) -> None:
        one = replace(one, time=NOW)
        schema.assertValid(etree.fromstring(sealed(one, keys)))

    all_are_valid()


def test_lxml_canonicalises_the_sealed_evidence_to_the_same_bytes(keys) -> None:
    for one in SAMPLES.values():
        xml = sealed(one, keys)
        assert etree.tostring(etree.fromstring(xml), method="c14n") == xml
