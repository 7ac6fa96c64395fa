"""The QR code of a receipt: an address whose fragment says what the public log should hold.

`<public URL>/verify#<version>.<log index>.<SHA-256 of the evidence, base64url>`. A fragment never
reaches the server that is asked for the page. Pure.
"""

import base64
import binascii
import io
import re
from dataclasses import dataclass
from typing import Self

import segno

from signing.errors import ProofError

VERSION = 1
_FRAGMENT = re.compile(r"1\.(0|[1-9][0-9]{0,18})\.([A-Za-z0-9_-]{43})")


class FragmentError(ProofError):
    """A text that is no fragment of a receipt's address."""

    code = "qr-fragment-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Where in the log an evidence stands, and which."""

    index: int
    digest: bytes
    """SHA-256 of the evidence."""

    def text(self) -> str:
        """The fragment, without `#`."""
        digest = base64.urlsafe_b64encode(self.digest).rstrip(b"=").decode("ascii")
        return f"{VERSION}.{self.index}.{digest}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a fragment in its one spelling. Raises FragmentError."""
        found = _FRAGMENT.fullmatch(text)
        if found is None:
            raise FragmentError("not the fragment of a receipt's address")
        try:
            digest = base64.urlsafe_b64decode(found[2] + "=")
        except binascii.Error as exc:
            raise FragmentError("not the fragment of a receipt's address") from exc
        fragment = cls(index=int(found[1]), digest=digest)
        if fragment.text() != text:
            raise FragmentError("not the fragment in its one spelling")
        return fragment


def address(public_url: str, fragment: Fragment) -> str:
    """The address in the code. `public_url` has no slash at its end."""
    return f"{public_url}/verify#{fragment.text()}"


def picture(text: str) -> bytes:
    """The code as SVG; the same text gives the same bytes."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None
    )
    return out.getvalue()
