"""multipart/form-data (RFC 7578, 2046) as it streams: bytes in, events out; no I/O.

Strict where laxness would let two readers see two letters: no preamble, no folded or doubled
headers, no encodings, nothing after the end. A part's own file name is never looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from relay.api.errors import MalformedBody, UnsupportedMediaType, UploadsNotAvailable

HEADER_BYTES = 8192
"""Of one part, all together: names and digests are short."""

_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]")
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER = re.compile(rf';[ \t]*({_WORD})=(?:"((?:[^"\\\r\n]|\\.)*)"|({_WORD}))[ \t]*')
_IDENTITY = frozenset({"7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegins:
    """The headers of a part are complete."""

    name: str
    content_digest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some of the part's bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The part is complete."""


PartEvent = PartBegins | PartData | PartEnds


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names.

    Raises UploadsNotAvailable for JSON, UnsupportedMediaType, MalformedBody.
    """
    message = Message()
    message["content-type"] = content_type
    media_type = message.get_content_type()
    if media_type == "application/json":
        raise UploadsNotAvailable("multipart/form-data only")
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType("multipart/form-data is taken here")
    boundary = message.get_boundary()
    if boundary is None or _BOUNDARY.fullmatch(boundary) is None:
        raise MalformedBody("multipart/form-data needs a boundary")
    return boundary.encode("ascii")


class MultipartReader:
    """Feed it the body; it yields what the parts are made of."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # the first delimiter may stand at the very beginning
        self._step = self._first_delimiter

    def feed(self, data: bytes) -> Iterator[PartEvent]:
        """Events of the next bytes. Raises MalformedBody."""
        self._buffer += data
        while (event := self._step()) is not None:
            if not isinstance(event, _Nothing):
                yield event

    def close(self) -> None:
        """The body is over. Raises MalformedBody if the last part is not."""
        if self._step != self._after_the_end:
            raise MalformedBody("the body ends inside a part")

    # Each step takes what it can from the buffer: an event, _NOTHING to go on, None for more.

    def _first_delimiter(self) -> "PartEvent | _Nothing | None":
        if len(self._buffer) < len(self._delimiter):
            return None
        if not self._buffer.startswith(self._delimiter):
            raise MalformedBody("the body does not begin with its boundary")
        self._buffer = self._buffer[len(self._delimiter) :]
        self._step = self._after_delimiter
        return _NOTHING

    def _after_delimiter(self) -> "PartEvent | _Nothing | None":
        if len(self._buffer) < len(b"\r\n"):
            return None
        mark, self._buffer = self._buffer[:2], self._buffer[2:]
        if mark == b"--":
            self._step = self._after_the_end
        elif mark == b"\r\n":
            self._buffer = mark + self._buffer  # headers end with an empty line, or are one
            self._step = self._headers
        else:
            raise MalformedBody("a boundary is followed by something else")
        return _NOTHING

    def _headers(self) -> "PartEvent | _Nothing | None":
        end = self._buffer.find(b"\r\n\r\n", 0, HEADER_BYTES)
        if end < 0:
            if len(self._buffer) >= HEADER_BYTES:
                raise MalformedBody("the headers of a part are too long")
            return None
        head, self._buffer = self._buffer[2:end], self._buffer[end + 4 :]
        self._step = self._data
        return _part(head)

    def _data(self) -> "PartEvent | _Nothing | None":
        found = self._buffer.find(self._delimiter)
        if found >= 0:
            if found == 0:
                self._buffer = self._buffer[len(self._delimiter) :]
                self._step = self._after_delimiter
                return PartEnds()
            data, self._buffer = self._buffer[:found], self._buffer[found:]
            return PartData(data)
        # A delimiter may have begun in the last bytes.
        safe = len(self._buffer) - len(self._delimiter) + 1
        if safe <= 0:
            return None
        data, self._buffer = self._buffer[:safe], self._buffer[safe:]
        return PartData(data)

    def _after_the_end(self) -> "PartEvent | _Nothing | None":
        if not b"\r\n".startswith(self._buffer):
            raise MalformedBody("something follows the last boundary")
        return None


class _Nothing:
    """A step that gave nothing yet."""


_NOTHING = _Nothing()


def _part(head: bytes) -> PartBegins:
    headers: dict[str, str] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        try:
            key, text = name.decode("ascii").lower(), value.decode("utf-8").strip(" \t")
        except UnicodeDecodeError as error:
            raise MalformedBody("a part's header is not text") from error
        if not colon or re.fullmatch(_WORD, key) is None or key in headers or "\0" in text:
            raise MalformedBody("a part's headers are not well formed")
        headers[key] = text
    if headers.get("content-transfer-encoding", "binary").lower() not in _IDENTITY:
        raise MalformedBody("a part has a transfer encoding")
    if "content-encoding" in headers:
        raise MalformedBody("a part has a content encoding")
    digest = headers.get("content-digest")
    return PartBegins(
        name=_name(headers.get("content-disposition", "")),
        content_digest=() if digest is None else (digest,),
    )


def _name(disposition: str) -> str:
    kind, semicolon, rest = disposition.partition(";")
    rest, names, place = semicolon + rest, [], 0
    while place < len(rest):
        match = _PARAMETER.match(rest, place)
        if match is None:
            raise MalformedBody("a Content-Disposition is not well formed")
        if match[1].lower() == "name":
            names.append(match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2]))
        place = match.end()
    if kind.strip().lower() != "form-data" or len(names) != 1:
        raise MalformedBody("a part has no name")
    return names[0]
