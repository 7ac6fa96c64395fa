"""Apache Santuario, which we did not write, judges our evidence: one start of Java for all."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from evidence_samples import NOW, SealingKeys, by_delegates, facts, rejection, sealing_keys

from signing import certificates as made
from signing.evidence_document import write_evidence
from tdh.domain.evidence import EvidenceFacts

JARS = ("xmlsec", "commons-logging", "commons-codec", "slf4j-api")
KEYS = {"P-256": sealing_keys(), "RSA-3072": sealing_keys(made.new_rsa_key(3072))}
SAMPLES = {"acceptance": facts(), "rejection": rejection(), "delegates": by_delegates()}


def sealed(one: EvidenceFacts, keys: SealingKeys) -> bytes:
    return keys.seal.seal(write_evidence(one, keys.issuer), signing_time=NOW)


def cases() -> dict[str, tuple[bytes, SealingKeys, bool]]:
    """By name: the evidence, whose key is to have sealed it, and whether that is so."""
    found = {}
    for key_name, keys in KEYS.items():
        for name, one in SAMPLES.items():
            found[f"{name} by {key_name}"] = (sealed(one, keys), keys, True)
        xml = sealed(facts(), keys)
        found[f"a changed sequence by {key_name}"] = (
            xml.replace(b"<tdh:Sequence>1<", b"<tdh:Sequence>2<"),
            keys,
            False,
        )
        found[f"another time of sealing by {key_name}"] = (
            xml.replace(b"Z</xades:SigningTime>", b"1Z</xades:SigningTime>"),
            keys,
            False,
        )
        found[f"a stranger's key instead of {key_name}"] = (xml, sealing_keys(), False)
    return found


CASES = cases()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, said_by_java) -> dict[str, str]:
    folders = []
    for xml, keys, _ in CASES.values():
        folder = tmp_path_factory.mktemp("seal")
        (folder / "evidence.xml").write_bytes(xml)
        key = keys.seal.chain[0].public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        (folder / "key.der").write_bytes(spki)
        folders.append(str(folder))
    said = said_by_java("OutsideSeal.java", JARS, *folders)
    lines = [line for line in said if line.startswith(("valid", "invalid"))]
    return dict(zip(CASES, lines, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_santuario_and_we_agree(name: str, answers: dict[str, str]) -> None:
    if CASES[name][2]:
        assert answers[name] == "valid 2", "both references, to the evidence and its properties"
    else:
        assert answers[name].startswith("invalid")
