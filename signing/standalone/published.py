"""The small verifiers as they are served, and the fonts of their page.

The digests of the verifiers are entered into the public log, so that whoever got one somewhere can
tell whether everybody got the same.
"""

import base64
import hashlib
import re
from pathlib import Path

from tdh.domain.published import PublishedFile

FOLDER = Path(__file__).parent
PAGE = "tdh_verify.html"
_MEDIA_TYPES = {".html": "text/html", ".py": "text/x-python"}
_FONTS = FOLDER.parent / "receipt" / "fonts"
_INLINE = {
    part: re.compile(rf"<{part}>(.*?)</{part}>".encode(), re.DOTALL) for part in ("script", "style")
}


def verifiers() -> tuple[PublishedFile, ...]:
    """What strangers verify with, and whose digests the log has."""
    return tuple(
        _file(f"/verify/{file.name}", file) for file in sorted(FOLDER.glob("tdh_verify.*"))
    )


def published_files() -> tuple[PublishedFile, ...]:
    """All that is served below `/verify`: the page under its short name first."""
    fonts = (
        PublishedFile(
            path=f"/verify/Sarabun-{style}.ttf",
            media_type="font/ttf",
            body=next(_FONTS.glob(f"*{style}.ttf")).read_bytes(),
        )
        for style in ("Regular", "Bold")
    )
    return (_file("/verify", FOLDER / PAGE), *verifiers(), *fonts)


def _file(path: str, file: Path) -> PublishedFile:
    body = file.read_bytes()
    return PublishedFile(
        path=path,
        media_type=_MEDIA_TYPES[file.suffix],
        body=body,
        content_policy=policy_of(body) if file.name == PAGE else None,
    )


def policy_of(page: bytes) -> str:
    """What the page may do: run its own script, read the log of where it came from, no more.

    Content Security Policy Level 3: its script and style are named by their digests.
    """
    allowed = {}
    for part, pattern in _INLINE.items():
        digests = (hashlib.sha256(found).digest() for found in pattern.findall(page))
        allowed[part] = " ".join(
            f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests
        )
    return (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']}; "
        "font-src 'self'; connect-src 'self'; img-src data:; media-src blob:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
