"""Searches for a document that the fast lane accepts and the careful judge does not.

    python -m tests.campaigns.fast_against_careful --seconds 600 --seed 1

A hostile signer writes whatever structure he likes. Three sorts of documents, all from one seed:
*broken* ones are signed documents with bytes changed; *odd* ones are written of mutated objects,
tables and streams and then signed by a good key, so that digest and signature hold and only the
structure is in question; *messages* have a mutated CMS. What the fast lane accepts is shown to the
careful judge, which must say the same to the byte. A disagreement is written to a file and named
with its number; the same seed makes it again.
"""

import argparse
import hashlib
import random
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing import der
from signing.certificates import der as der_of
from tests.fast_and_careful import BothJudges, Disagreement, judges_for
from tests.pki import faults, make
from tests.vectors import pdf_writing as write

Rng = random.Random

NAMES = (
    b"/JavaScript", b"/JS", b"/Launch", b"/AA", b"/OpenAction", b"/S", b"/URI", b"/GoTo", b"/A",
    b"/Next", b"/Names", b"/EmbeddedFiles", b"/AF", b"/EF", b"/F", b"/Ref", b"/XFA", b"/AcroForm",
    b"/Fields", b"/Kids", b"/Parent", b"/FT", b"/Sig", b"/Tx", b"/V", b"/T", b"/Type", b"/Subtype",
    b"/Widget", b"/Link", b"/Annots", b"/Page", b"/Pages", b"/Count", b"/Outlines", b"/First",
    b"/Filter", b"/SubFilter", b"/ByteRange", b"/Contents", b"/M", b"/Reference", b"/Perms",
    b"/DSS", b"/Encrypt", b"/Root", b"/Size", b"/Prev", b"/XRefStm", b"/Index", b"/W", b"/Length",
    b"/ObjStm", b"/N", b"/Extends", b"/DecodeParms", b"/FlateDecode", b"/XObject", b"/Resources",
    b"/AP", b"/Lock", b"/SV", b"/Byte#52ange", b"/Java#53cript", b"/ETSI.CAdES.detached",
    b"/adbe.pkcs7.detached", b"/adbe.pkcs7.sha1", b"/ETSI.RFC3161", b"/DocTimeStamp", b"/Catalog",
)  # fmt: skip
VALUES = (
    b"null", b"true", b"0", b"1", b"-1", b"+7", b"3.", b".5", b"--1", b"00", b"4294967296",
    b"()", b"(a)", b"(a\\051)", b"(a(b)c)", b"(\\\n)", b"(\\q)", b"<>", b"<6>", b"<61>", b"<6 1>",
    b"<< >>", b"[]", b"[ ]", b"<<", b">>", b"[", b"]", b"{", b"%x\n", b"\x00", b"\x0c", b"\t",
    b"\r", b"\r\n", b"\x0b", b"1 0 R", b"2 0 R", b"3 0 R", b"6 0 R", b"7 0 R", b"99 0 R",
    b"1 1 R", b"0 0 R", b"6  0 R", b"endobj", b"stream\n", b"endstream", b"obj", b"xref",
    b"trailer", b"startxref", b"<< /S /URI /URI (x) >>", b"<< /S /JavaScript /JS (x) >>",
)  # fmt: skip
_TOKEN = re.compile(
    rb"<<|>>|[\[\]]|/[^\s()<>\[\]{}/%]*|\([^()]*\)|<[0-9A-Fa-f]*>|\d+ \d+ R|[^\s/<>\[\]()]+"
)


def main() -> int:
    """Run for a while; exit 1 if the judges ever disagreed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path())
    given = parser.parse_args()
    counted = Counter[str]()
    both, until, number = judges_for(), time.monotonic() + given.seconds, 0
    while time.monotonic() < until:
        number += 1
        counted[attempt(both, given.seed, number, given.keep)] += 1
    for kind, count in sorted(counted.items()):
        sys.stdout.write(f"{count:8}  {kind}\n")
    return 1 if any("disagree" in kind for kind in counted) else 0


def attempt(both: BothJudges, seed: int, number: int, keep: Path | None = None) -> str:
    """Make one document and compare; says what came of it."""
    rng = random.Random(f"{seed}/{number}")  # noqa: S311 - to be repeated, not to be secret
    maker = rng.choice(MAKERS)
    document = maker(rng)
    if document is None:
        return f"{maker.__name__}: not made"
    try:
        accepted = both.compare(document)
    except Disagreement as problem:
        if keep is None:
            raise
        path = keep / f"disagreement-{seed}-{number}.pdf"
        path.write_bytes(document)
        sys.stdout.write(f"{path}: {maker.__name__}: {problem}\n")
        return f"{maker.__name__}: disagreement"
    return f"{maker.__name__}: {'accepted by both' if accepted else 'not fast'}"


# --- documents whose signed bytes are changed


def broken(rng: Rng) -> bytes | None:
    """A signed document with some bytes flipped, inserted, deleted or copied elsewhere."""
    document = bytearray(rng.choice(_signed()))
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        _change_bytes(rng, document)
    return bytes(document)


@cache
def _signed() -> Sequence[bytes]:
    pki = make.shared_pki()
    good, stamp = pki.signers["good"], pki.timestamp(make.SIGNED_AT)
    return (
        make.sign_pdf(make.simple_pdf(), good),
        make.sign_pdf(make.simple_pdf(), good, timestamp=stamp),
        make.sign_pdf(make.simple_pdf(), pki.signers["rsa"]),
        write.letter(good),
    )


def _change_bytes(rng: Rng, document: bytearray) -> None:
    place, length = rng.randrange(len(document)), rng.choice((1, 1, 2, 4, 20))
    match rng.randrange(6):
        case 0:
            document[place] ^= 1 << rng.randrange(8)
        case 1:
            document[place:place] = rng.choice((*NAMES, *VALUES))
        case 2:
            del document[place : place + length]
        case 3:
            start = rng.randrange(len(document))
            document[place:place] = document[start : start + length * 10]
        case 4:
            document += rng.choice((*VALUES, b"\n", b"%%EOF\n", b"PK\x05\x06" + bytes(18)))
        case _:
            document[place : place + length] = rng.randbytes(length)


# --- odd structures, signed well


def odd_objects(rng: Rng) -> bytes | None:
    """Mutated objects in a file with a table."""
    objects = _mutated(rng, write.letter_objects())
    return _completed(rng, write.build(objects, trailer=_trailer(rng)))


def odd_table(rng: Rng) -> bytes | None:
    """Good objects; the table, the trailer or the end are changed before signing."""
    data = bytearray(write.build(write.letter_objects(), trailer=_trailer(rng)))
    begin = data.rindex(b"xref\n0")
    for _ in range(rng.randrange(3)):
        tail = data[begin:]
        _change_bytes(rng, tail)
        data[begin:] = tail
    if not rng.randrange(4):
        number = rng.choice(re.findall(rb"\d{10}", bytes(data[begin:])) or [b"x"])
        changed = b"%010d" % (int(number) + rng.choice((-1, 1, 2, -9)))
        data[begin:] = data[begin:].replace(number, changed, 1)
    return _completed(rng, bytes(data))


def odd_revision(rng: Rng) -> bytes | None:
    """The signature comes with an update of an unsigned file; both may be odd."""
    objects = write.letter_objects()
    late = {number: objects.pop(number) for number in (6, 7)}
    late |= {number: objects[number] for number in rng.sample(sorted(objects), rng.randrange(3))}
    if rng.randrange(2):
        late = _mutated(rng, late)
    base = write.build(_mutated(rng, objects) if rng.randrange(2) else objects)
    try:
        data = write.revision(base, late, trailer=_trailer(rng), between=_between(rng))
        for _ in range(rng.choice((0, 0, 0, 1))):  # an update after the one with the signature
            more = _mutated(rng, {rng.choice((3, 4, 9)): objects[3]})
            data = write.revision(data, more)
    except (ValueError, IndexError):
        return None
    return _completed(rng, data)


def odd_streams(rng: Rng) -> bytes | None:
    """Objects in object streams and a cross-reference stream, of which anything may be odd."""
    objects = write.letter_objects()
    if rng.randrange(2):
        objects = _mutated(rng, objects)
    loose = {number: objects.pop(number) for number in (4, 7) if number in objects}
    for number in rng.sample(sorted(objects), rng.randrange(2)):
        loose[number] = objects.pop(number)
    packed_number, table_number = 20, rng.choice((21, 21, 21, 5, 20))
    packed = write.object_stream(
        objects, rng.choice((b"", b"", b"", b"/Extends 4 0 R ", b"/F (x)"))
    )
    if not rng.randrange(4):
        packed = _mutate_text(rng, packed, 1)
    loose[packed_number] = packed
    content, places = write.body(loose, len(write.HEADER))
    at = len(write.HEADER) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    entries |= {number: (2, packed_number, index) for index, number in enumerate(objects)}
    entries |= {0: (0, 0, 65_535), table_number: (1, at, 0)}
    if not rng.randrange(3):
        entries[rng.choice(sorted(entries))] = (
            rng.choice((0, 1, 2, 3)),
            rng.choice((at, 0, 20, 15, 1 << 31)),
            rng.choice((0, 1, 5, 65_535)),
        )
    size = max(entries) + rng.choice((1, 1, 1, 1, 0, 2))
    table = write.cross_reference_stream(
        entries, size=size, trailer=b"/Root 1 0 R " + _trailer(rng)
    )
    table = _packed_table(rng, table)
    end = b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table_number, table, at)
    return _completed(rng, write.HEADER + content + end)


def _packed_table(rng: Rng, table: bytes) -> bytes:
    """As it is, compressed, with a predictor, or mutated."""
    head, _, rest = table.partition(b"stream\n")
    rows = rest.removesuffix(b"\nendstream")
    match rng.randrange(5):
        case 0:
            entries, rows = b"/Filter /FlateDecode ", zlib.compress(rows)
        case 1:
            filtered, above = bytearray(), bytes(7)
            for start in range(0, len(rows), 7):
                row = rows[start : start + 7].ljust(7, b"\0")
                kind = rng.choice((2, 2, 2, 2, 2, 2, 2, 2, 2, 1))
                filtered += bytes([kind]) + bytes(
                    (a - b) & 255 for a, b in zip(row, above, strict=True)
                )
                above = row
            entries = b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 7 >> "
            rows = zlib.compress(bytes(filtered))
        case 2:
            return _mutate_text(rng, table, 1)
        case _:
            return table
    head = re.sub(rb"/Length \d+ ", b"/Length %d %s" % (len(rows), entries), head)
    return head + b"stream\n" + rows + b"\nendstream"


def _mutated(rng: Rng, objects: write.Objects) -> dict[int, bytes]:
    """Some objects with other tokens, other numbers or in another order; some new ones."""
    changed = dict(objects)
    for _ in range(rng.choice((1, 1, 2, 3))):
        number = rng.choice(sorted(changed))
        match rng.randrange(8):
            case 0:
                changed[rng.choice((8, 9, 10, 30))] = changed[number]
            case 1:
                other = rng.choice(sorted(changed))
                changed[number], changed[other] = changed[other], changed[number]
            case 2 if number != 7:
                changed[number] = rng.choice(VALUES)
            case 3:
                items = list(changed.items())
                rng.shuffle(items)
                changed = dict(items)
            case _:
                changed[number] = _mutate_text(rng, changed[number], rng.choice((1, 1, 2)))
    return changed


def _mutate_text(rng: Rng, text: bytes, times: int) -> bytes:
    for _ in range(times):
        spans = [match.span() for match in _TOKEN.finditer(text)]
        if not spans:
            return text
        start, end = rng.choice(spans)
        token = text[start:end]
        new = rng.choice((*NAMES, *VALUES))
        pair = rng.choice(NAMES) + b" " + rng.choice(VALUES)
        choices = (new, b"", token + b" " + new, new + b" " + token, pair + b" " + token)
        text = text[:start] + rng.choice((*choices, token + b" " + token)) + text[end:]
    return text


def _trailer(rng: Rng) -> bytes:
    if rng.randrange(4):
        return b""
    return rng.choice(NAMES) + b" " + rng.choice(VALUES) + b" "


def _between(rng: Rng) -> bytes:
    return b"" if rng.randrange(4) else rng.choice((*VALUES, b"8 0 obj\n<< >>\nendobj\n"))


def _completed(rng: Rng, data: bytes) -> bytes | None:
    """Sign what is there, with a byte range to the end."""
    found = list(write._OPEN.finditer(data))
    if not found:
        return None
    place = found[-1]
    start, end = place.start(1) - 1, place.end(1) + 1
    numbers = b"/ByteRange [0 %010d %010d %010d]" % (start, end, len(data) - end)
    data = data[: place.start()] + numbers + data[place.start() + len(numbers) :]
    if not rng.randrange(8):  # white space where the form leaves room
        data = data.replace(
            b"%010d]" % (len(data) - end),
            b"%d" % (len(data) - end) + b"]" + b" " * (10 - len(str(len(data) - end))),
            1,
        )
    return write.fill(data, start + 1, message(data[:start] + data[end:]))


# --- odd messages


def odd_message(rng: Rng) -> bytes | None:
    """A good letter whose CMS has elements changed, left out, doubled or in other order."""
    data = write.build(write.letter_objects())
    place = list(write._OPEN.finditer(data))[-1]
    start, end = place.start(1) - 1, place.end(1) + 1
    numbers = b"/ByteRange [0 %010d %010d %010d]" % (start, end, len(data) - end)
    data = data[: place.start()] + numbers + data[place.start() + len(numbers) :]
    made = message(data[:start] + data[end:], rng)
    if len(made) > write.ROOM:
        return None
    return write.fill(data, start + 1, made)


def odd_contents(rng: Rng) -> bytes | None:
    """A timestamped letter, of whose CMS some bytes are changed, where nothing is signed too."""
    document = _signed()[1]
    start, digits = faults.gap(document)
    made = bytearray.fromhex(digits.decode())
    length = 4 + int.from_bytes(made[2:4])
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(length)
        if rng.randrange(4):
            made[place] ^= 1 << rng.randrange(8)
        else:
            made[place] = rng.choice((0, 5, 6, 0x30, 0x31, 0x80, 0xA0, 0xA1, 0xFF))
    spelled = made.hex() if rng.randrange(2) else made.hex().upper()
    return document[:start] + spelled.encode() + document[start + len(digits) :]


def message(content: bytes, rng: Rng | None = None) -> bytes:
    """A CAdES signature in microseconds; with `rng`, one that is odd in some place."""
    signer = make.shared_pki().signers["good"]
    certificates = [der_of(item) for item in signer.chain]
    own = certificates[0]
    sha256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
    fields = der.Reader(own).inside(der.SEQUENCE).inside(der.SEQUENCE)
    fields.optional(der.explicit(0))
    serial, _, issuer = (fields.element() for _ in range(3))
    identifier = der.sequence(der.octet_string(hashlib.sha256(own).digest()))
    attributes = [
        _attribute("1.2.840.113549.1.9.3", der.oid("1.2.840.113549.1.7.1")),
        _attribute("1.2.840.113549.1.9.4", der.octet_string(hashlib.sha256(content).digest())),
        _attribute("1.2.840.113549.1.9.16.2.47", der.sequence(der.sequence(identifier))),
        _attribute("1.2.840.113549.1.9.5", der.tlv(0x17, b"260201093000Z")),
    ]
    attributes = _odd_list(rng, attributes)
    signed = (
        der.set_of(attributes) if rng is None or rng.randrange(3) else der.tlv(der.SET, *attributes)
    )
    if rng is not None and not rng.randrange(4):
        signed = _odd_bytes(rng, signed)
    key = signer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    unsigned = (
        []
        if rng is None or rng.randrange(3)
        else [
            der.tlv(
                der.explicit(1),
                _attribute(rng.choice(("1.2.840.113549.1.9.16.2.14", "1.2.3")), der.sequence()),
            )
        ]
    )
    info = der.sequence(
        *_odd_list(
            rng,
            [
                der.integer(1),
                der.sequence(issuer, serial),
                sha256,
                bytes([der.explicit(0)]) + signed[1:],
                der.sequence(der.oid("1.2.840.10045.4.3.2")),
                der.octet_string(signature),
                *unsigned,
            ],
            rare=True,
        )
    )
    whole = der.sequence(
        *_odd_list(
            rng,
            [
                der.integer(1),
                der.tlv(der.SET, sha256),
                der.sequence(der.oid("1.2.840.113549.1.7.1")),
                der.tlv(der.explicit(0), *_odd_list(rng, certificates)),
                der.tlv(der.SET, info),
            ],
            rare=True,
        )
    )
    made = der.sequence(der.oid("1.2.840.113549.1.7.2"), der.tlv(der.explicit(0), whole))
    return made if rng is None or rng.randrange(6) else _odd_bytes(rng, made)


def _attribute(name: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(name), der.tlv(der.SET, *values))


def _odd_list(rng: Rng | None, items: list[bytes], *, rare: bool = False) -> list[bytes]:
    if rng is None or rng.randrange(8 if rare else 3):
        return items
    items = list(items)
    place = rng.randrange(len(items))
    match rng.randrange(5):
        case 0:
            items.pop(place)
        case 1:
            items.insert(rng.randrange(len(items) + 1), items[place])
        case 2:
            rng.shuffle(items)
        case 3:
            items[place] = _odd_bytes(rng, items[place])
        case _:
            items.insert(
                place,
                rng.choice(
                    (
                        der.tlv(der.NULL),
                        der.integer(1),
                        der.sequence(),
                        _attribute("1.2.840.113549.1.9.15", der.sequence()),
                    )
                ),
            )
    return items


def _odd_bytes(rng: Rng, item: bytes) -> bytes:
    """One byte changed, or the outermost length spelled longer than DER allows."""
    if rng.randrange(2) and len(item) < 0x80:
        return bytes([item[0], 0x81]) + item[1:]
    changed = bytearray(item)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


MAKERS: Sequence[Callable[[Rng], bytes | None]] = (
    broken,
    odd_objects,
    odd_objects,
    odd_table,
    odd_revision,
    odd_revision,
    odd_streams,
    odd_streams,
    odd_message,
    odd_contents,
)

if __name__ == "__main__":
    sys.exit(main())
