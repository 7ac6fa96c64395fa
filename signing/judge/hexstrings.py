"""Reads plain hexadecimal strings at once instead of one byte at a time.

pyHanko reads /Contents, 16,000 digits, in as many Python calls; that was a third of a judgement.
Only a string of an even number of digits and nothing else is read here. Everything else (white
space, comments, errors, a missing end) is left to pyHanko's own function, from the same place.
"""

import binascii
import re
from typing import BinaryIO

from pyhanko.pdf_utils import generic

_PLAIN = re.compile(rb"<((?:[0-9A-Fa-f]{2})*)>")
_CHUNK = 32768

PdfString = generic.ByteStringObject | generic.TextStringObject

read_slowly = generic.read_hex_string_from_stream


def read_hex_string(stream: BinaryIO) -> PdfString:
    """Read a hexadecimal string from its `<`; leaves the stream behind its `>`."""
    start = stream.tell()
    text = bytearray()
    while True:
        piece = stream.read(_CHUNK)
        text += piece
        if not piece or b">" in piece:
            break
    match = _PLAIN.match(text)
    if match is None:
        stream.seek(start)
        return read_slowly(stream)
    stream.seek(start + match.end())
    return generic.pdf_string(binascii.unhexlify(match.group(1)))


def install() -> None:
    """Let pyHanko's parser use this function in this process."""
    generic.read_hex_string_from_stream = read_hex_string
