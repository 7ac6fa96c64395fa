"""Which part of a CMS message a byte belongs to; an own walk over the elements, DER and BER."""

from collections.abc import Iterator
from dataclasses import dataclass

SIGNED_DATA = ("version", "digest algorithms", "content", "signers")
SIGNER = ("version", "signer id", "digest algorithm", "signature algorithm", "signature value")
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
OBJECT_IDENTIFIER = 0x06


@dataclass(frozen=True, slots=True)
class Element:
    """One element: where its header, its content and its end are."""

    tag: int
    start: int
    content: int
    end: int
    """Behind the end-of-contents octets, if it has them."""
    inner_end: int


def element_at(data: bytes, start: int) -> Element:
    """Read one element. Raises IndexError where the bytes end too early."""
    tag, first = data[start], data[start + 1]
    if first == 0x80:  # X.690, 8.1.3.6: indefinite
        place = start + 2
        while data[place : place + 2] != b"\0\0":
            place = element_at(data, place).end
        return Element(tag, start, start + 2, place + 2, place)
    if first < 0x80:
        content, length = start + 2, first
    else:
        content = start + 2 + (first & 0x7F)
        length = int.from_bytes(data[start + 2 : content])
    return Element(tag, start, content, content + length, content + length)


def children(data: bytes, parent: Element) -> Iterator[Element]:
    """The elements inside another one."""
    place = parent.content
    while place < parent.inner_end:
        child = element_at(data, place)
        yield child
        place = child.end


def place_in_cms(data: bytes, position: int) -> str:
    """Name the part, such as `certificates`, `unsigned attributes` or `signature value`."""
    outer = element_at(data, 0)
    if position >= outer.end:
        return "after the message"
    names = iter(SIGNED_DATA)
    for part in children(data, _signed_data(data)):
        match part.tag:
            case 0xA0:
                name = "certificates"
            case 0xA1:
                name = "revocation lists"
            case _:
                name = next(names)
        if part.start <= position < part.end:
            if name == "signers" and position >= part.content:
                return _in_signer(data, part, position)
            return name
    return "frame"


def signed_parts(data: bytes) -> Iterator[bytes]:
    """The content, and of each signer all that is signed or says how: the unsigned left out."""
    signed = _signed_data(data)
    parts = [part for part in children(data, signed) if part.tag not in {_CONTEXT_0, _CONTEXT_1}]
    _, _, content, signers = parts
    yield data[content.start : content.end]
    for signer in children(data, signers):
        _, _, _, *rest = children(data, signer)  # version, id and digest algorithm are not signed
        for part in rest:
            if part.tag != _CONTEXT_1:
                yield data[part.start : part.end]


def _signed_data(data: bytes) -> Element:
    outer = element_at(data, 0)
    if data[outer.content] != OBJECT_IDENTIFIER:
        return outer  # a bare SignedData
    _, wrapped = children(data, outer)  # ContentInfo: type, [0] content
    return element_at(data, wrapped.content)


def _in_signer(data: bytes, signers: Element, position: int) -> str:
    for signer in children(data, signers):
        if not signer.start <= position < signer.end:
            continue
        names = iter(SIGNER)
        for part in children(data, signer):
            match part.tag:
                case 0xA0:
                    name = "signed attributes"
                case 0xA1:
                    name = "unsigned attributes"
                case _:
                    name = next(names)
            if part.start <= position < part.end:
                return name
    return "frame"
