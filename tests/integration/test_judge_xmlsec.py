"""xmlsec1 agrees: it verifies what the vectors sign, and the judge accepts what it signs.

The second half is the test of canonicalisation: documents with every awkwardness of namespaces,
inherited attributes, comments, instructions and white space, made from a seed, are signed by
xmlsec1 in each of the canonical forms, and must be accepted as they are and refused when changed.
"""

import asyncio
import random
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from signing.certificates import pem
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.judgement import Inputs, Judgement
from signing.judge.policy import Policy
from signing.trust import load_trust
from tests.pki import make
from tests.vectors import xml, xml_registry, xml_wrapping
from tests.vectors.xml import SIGNATURE_MARK, Plan, Reference

IDS = [
    part
    for name in (
        f"{xml.XADES}:SignedProperties",
        f"{xml.DS}:Object",
        f"{xml.RSM}:TaxInvoice_CrossIndustryInvoice",
    )
    for part in ("--id-attr:Id", name)
]
FORMS = [
    xml.C14N_10,
    f"{xml.C14N_10}#WithComments",
    xml.C14N_11,
    f"{xml.C14N_11}#WithComments",
    xml.EXCLUSIVE,
    f"{xml.EXCLUSIVE}WithComments",
]


OTHER_FORMS = (
    xml_registry.enveloping,
    xml_registry.without_signatures,
    xml_registry.named,
    xml_registry.pointed,
)


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


def xmlsec(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["xmlsec1", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def verify(pki: make.Pki, document: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "signed.xml").write_bytes(document)
    (folder / "root.pem").write_bytes(pem(pki.root.certificate))
    return xmlsec("--verify", "--trusted-pem", folder / "root.pem", *IDS, folder / "signed.xml")


def judged(document: bytes) -> Judgement:
    folder = load_trust([make.shared_pki().trust_folder])
    inputs = Inputs(
        material=material_of(folder),
        trust_version=folder.version,
        policy=Policy(),
        at=make.JUDGED_AT,
    )
    return asyncio.run(judge(document, inputs))


@pytest.mark.parametrize("signer", ["good", "rsa"])
@pytest.mark.parametrize("c14n", FORMS)
@pytest.mark.parametrize("transform", [False, True])
def test_xmlsec_verifies_the_invoices_of_the_vectors(
    pki: make.Pki, tmp_path: Path, signer: str, c14n: str, *, transform: bool
) -> None:
    plan = Plan(c14n=c14n, properties_transform=transform, timestamp=pki.timestamp(make.SIGNED_AT))
    verified = verify(pki, xml.sign(xml.INVOICE, pki.signers[signer], plan), tmp_path)
    assert verified.returncode == 0, verified.stderr


def test_xmlsec_verifies_the_other_forms_of_the_vectors(pki: make.Pki, tmp_path: Path) -> None:
    for make_one in OTHER_FORMS:
        document = make_one(pki)
        verified = verify(pki, document, tmp_path)
        assert verified.returncode == 0, verified.stderr


def test_xmlsec_refuses_what_was_changed(pki: make.Pki, tmp_path: Path) -> None:
    assert verify(pki, xml_wrapping.a_changed_amount(pki), tmp_path).returncode != 0
    assert verify(pki, xml_wrapping.a_changed_signing_time(pki), tmp_path).returncode != 0


def test_xmlsec_alone_is_fooled_by_wrapping_and_the_judge_is_not(
    pki: make.Pki, tmp_path: Path
) -> None:
    """Why coverage is a rule of its own."""
    document = xml_wrapping.only_a_harmless_part_is_signed(pki)
    (tmp_path / "signed.xml").write_bytes(document)
    (tmp_path / "root.pem").write_bytes(pem(pki.root.certificate))
    found = xmlsec(
        *("--verify", "--trusted-pem", tmp_path / "root.pem"),
        *(*IDS, "--id-attr:Id", f"{xml.RAM}:Name", tmp_path / "signed.xml"),
    )
    assert found.returncode == 0, found.stderr
    assert judged(document).verdict.reason.code == "xml-part-unsigned"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("c14n", FORMS)
def test_the_judge_accepts_what_xmlsec_signs(
    pki: make.Pki, tmp_path: Path, c14n: str, seed: int
) -> None:
    document = awkward(random.Random(f"{seed} {c14n}"))  # noqa: S311 - documents, no secrets
    template = unsigned(document, pki, Plan(c14n=c14n, properties_transform=seed % 2 == 0))
    signed = signed_by_xmlsec(template, pki, tmp_path)

    result = judged(signed)
    assert result.verdict.accepted, (result.seen, signed.decode())
    for old, new in (("สยาม", "สยาน"), ("<leaf>", "<leaf >x"), ("+07:00", "+06:00")):
        changed = judged(xml_registry.swapped(signed, old, new))
        assert changed.verdict.reason.code == "changed-after-signing", old


@pytest.mark.parametrize("c14n", [xml.EXCLUSIVE, xml.C14N_10])
def test_the_judge_accepts_parts_and_prefixes_as_xmlsec_signs_them(
    pki: make.Pki, tmp_path: Path, c14n: str
) -> None:
    """Enveloping, in an element that inherits; and exclusive with a list of prefixes."""
    listed = (
        f'<ds:Transform Algorithm="{xml.EXCLUSIVE}"><e:InclusiveNamespaces '
        f'xmlns:e="{xml.EXCLUSIVE}" PrefixList="#default b"/></ds:Transform>'
    )
    plan = Plan(
        c14n=c14n,
        references=(Reference(uri="#content", transforms=listed, octets=b""),),
        objects='<ds:Object Id="content"><a xmlns="urn:a" xmlns:b="urn:b" xmlns:c="urn:c">'
        "<c:d>สยาม</c:d></a></ds:Object>",
    )
    signed = signed_by_xmlsec(unsigned(SIGNATURE_MARK, pki, plan), pki, tmp_path)
    result = judged(signed)
    assert result.verdict.accepted, result.seen


def unsigned(document: str, pki: make.Pki, plan: Plan) -> bytes:
    """A document with a signature in which digests and value are still to be filled in."""
    signed = xml.sign(document, pki.signers["rsa"], plan).decode()
    emptied = re.sub(r"(@@DIGEST|@@VALUE)[^<]*", "", signed)
    emptied = re.sub(r"(-value\">)[^<]*<", r"\1<", emptied)
    head, _, tail = emptied.partition("</ds:SignedInfo>")
    return (
        re.sub(r"<ds:DigestValue>[^<]*<", "<ds:DigestValue><", head) + "</ds:SignedInfo>" + tail
    ).encode()


def signed_by_xmlsec(template: bytes, pki: make.Pki, folder: Path) -> bytes:
    key = pki.signers["rsa"].key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(key)
    (folder / "template.xml").write_bytes(template)
    words = ("--sign", "--privkey-pem", folder / "key.pem", *IDS)
    made = xmlsec(*words, "--output", folder / "out.xml", folder / "template.xml")
    assert made.returncode == 0, made.stderr
    return (folder / "out.xml").read_bytes()


NAMESPACES = ("urn:a", "urn:b", "http://example.org/c")
TEXTS = ("สยาม", "&amp;&lt;&gt;", "a\tb", "&#13;", "&#x1F600;", "<![CDATA[<x>&]]>", '"', "'")
VALUES = ("1", "a&#10;b", "&#13;&#9;", "&quot;", "&gt;&lt;", "  b  ", "ไทย")


def awkward(dice: random.Random) -> str:
    """A document with a mark for its signature somewhere in it."""
    around = ("", "<!-- before -->\n", "<?before x?>\n<!-- and -->")
    inner = "".join(_element(dice, 3) for _ in range(4))
    before, after = dice.choice(around), dice.choice(around)
    place = dice.choice(("", '<x:holder xmlns:x="urn:holder" xml:lang="th">{}</x:holder>'))
    mark = place.format(SIGNATURE_MARK) if place else SIGNATURE_MARK
    text = dice.choice(("", "\n  ", "text "))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{before}<root xmlns:p0="urn:zero" '
        f'xml:space="preserve" xml:lang="en" b="2" a="1">{text}<leaf>สยาม</leaf>{inner}{mark}'
        f"{text}{_element(dice, 2)}</root>\n{after}"
    )


def _element(dice: random.Random, depth: int) -> str:
    prefix = dice.choice(("", "p0:", "p1:", "p2:"))
    names = [f' xmlns:p{n}="{dice.choice(NAMESPACES)}{n}"' for n in (1, 2)]
    if dice.random() < 0.4:
        names.append(dice.choice((' xmlns="urn:default"', ' xmlns=""', ' xmlns="urn:other"')))
    dice.shuffle(names)
    values = [f' {name}="{dice.choice(VALUES)}"' for name in ("z", "p2:y", "p0:x", "xml:lang")]
    dice.shuffle(values)
    start = f"<{prefix}e{''.join(names)}{''.join(values[: dice.randrange(4)])}"
    if depth == 0 or dice.random() < 0.2:
        return f"{start}/>"
    if dice.random() < 0.5:
        return f"{start}>{''.join(dice.choices(TEXTS, k=3))}<?pi {depth}?></{prefix}e>"
    comment = dice.choice(("", "<!-- comment -->"))
    inner = "".join(_element(dice, depth - 1) for _ in range(dice.randrange(1, 4)))
    return f"{start}>\n {comment}{inner} </{prefix}e>"
