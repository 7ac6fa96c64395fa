"""Whether a prefix that stands only in values means what its signer meant.

Exclusive Canonical XML signs a namespace declaration only where a name uses it, so that one behind
a prefix in a value (xsi:type="p:amount") may be exchanged under the signature (Exclusive XML
Canonicalization 1.0, 1.3 and 4). A signer who needs it lists the prefix; where it is not listed,
and a value reads like a name with such a prefix, the part is not wholly signed.
"""

import re
from collections.abc import Iterator

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_reader import is_element

_RENDERED = re.compile(rb' xmlns:([^ =<>"]+)="([^"]*)"')
_NAME = re.compile(r"\s*([^\s:]+):[^\s:/]+\s*")


def check_prefixes(part: etree._Element, octets: bytes) -> None:
    """Raises Refused. `part` as it was canonicalised to `octets` by the exclusive way."""
    rendered = {
        (prefix.decode(), name.decode().replace("&amp;", "&"))
        for prefix, name in _RENDERED.findall(octets)
    }
    unsigned = {
        prefix for prefix, name in _declared(part) if prefix and (prefix, name) not in rendered
    }
    if not unsigned:
        return
    for value in _values(part):
        found = _NAME.fullmatch(value)
        if found is not None and found[1] in unsigned:
            raise Refused(Code.XML_PART_UNSIGNED, f"what {found[1]:.80} means in a value")


def _declared(part: etree._Element) -> Iterator[tuple[str, str]]:
    yield from ((prefix or "", name) for prefix, name in part.nsmap.items())
    for _, declared in etree.iterwalk(part, events=("start-ns",)):
        yield declared


def _values(part: etree._Element) -> Iterator[str]:
    for element in part.iter():
        if is_element(element):
            yield from map(str, element.attrib.values())
            if element.text:
                yield element.text
