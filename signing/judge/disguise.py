"""Whether a file that is no PDF holds another document, where no signature covers it.

PDF readers begin at the end of a file, or search all of it, and forgive what stands before
(ISO 32000-2, 7.5.2 and 7.5.5, by the habit of readers); programs for archives begin at the end too
(APPNOTE 4.3.16). So whoever can add unsigned bytes to a well-signed message, container or XML, a
comment or an unsigned attribute, and gives it another name, could show any text as what was signed.
Looks at unsigned bytes only: what was signed may be a PDF or an archive.
"""

import re

from signing.judge.codes import Code, Refused

_WHITE = rb"[\x00\t\n\x0c\r ]"
_PDF = re.compile(
    rb"%%PDF-\d|startxref|%%%%EOF|\d%s+\d{1,5}%s+obj(?![A-Za-z0-9])" % (_WHITE, _WHITE)
)
_ARCHIVE_END = re.compile(rb"PK\x05\x06\x00\x00\x00\x00")


def check_no_pdf(*unsigned: bytes) -> None:
    """Our rule: nothing in these bytes begins, ends or builds a PDF. Raises Refused."""
    for part in unsigned:
        found = _PDF.search(part)
        if found is not None:
            raise Refused(Code.ALSO_ANOTHER_DOCUMENT, repr(found[0][:20]))


def check_nothing_else(*unsigned: bytes) -> None:
    """Our rule: the same, and no archive ends in these bytes. Raises Refused."""
    check_no_pdf(*unsigned)
    if any(_ARCHIVE_END.search(part) for part in unsigned):
        raise Refused(Code.ALSO_ANOTHER_DOCUMENT, "an archive")
