"""Spellings of single values: times, terms, texts. Strict on the way in, one form on the way out.

Years are those of the common era on both ways; the era of พ.ศ. is for people and never here.
"""

import re
from datetime import datetime, timedelta

from tdh.domain.errors import InvalidValue
from tdh.domain.thai_time import BANGKOK

"""Asia/Bangkok: no summer time, since 1920."""

_DURATION = re.compile(
    r"P(?!$)(?:(?P<weeks>\d{1,4})W"
    r"|(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?!$)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9})S)?)?)",
    re.ASCII,
)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}")
_UNCLEAN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_FILENAME_BYTES = 255
_BUDDHIST_ERA_FROM = 2400


def parse_duration(text: str, field: str) -> timedelta:
    """An ISO 8601 duration of exact length: weeks, or days, hours, minutes and seconds.

    Years and months have no exact length and are refused. Raises InvalidValue.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidValue(field, "must be an ISO 8601 duration such as P15D or PT12H")
    return timedelta(**{unit: int(n) for unit, n in match.groupdict().items() if n is not None})


def print_time(time: datetime) -> str:
    """RFC 3339 with the offset of Bangkok, to the millisecond."""
    if time.tzinfo is None:
        raise ValueError("a time without an offset")
    return time.astimezone(BANGKOK).isoformat(timespec="milliseconds")


def is_clean(text: str) -> bool:
    """Whether a text can be sealed in XML and shown.

    It has no control characters, no surrogates, no non-characters, and none of the signs that
    turn the direction of what follows.
    """
    return _UNCLEAN.search(text) is None


def check_text(text: str) -> str:
    """For pydantic: the text, if it is clean."""
    if not is_clean(text):
        raise ValueError("must not contain control characters")
    return text


def check_filename(name: str) -> str:
    """For pydantic: a file's name, which is data only and never a path."""
    check_text(name)
    if len(name.encode()) > _FILENAME_BYTES:
        raise ValueError(f"must be at most {_FILENAME_BYTES} bytes of UTF-8")
    if "/" in name or "\\" in name or name in {".", ".."} or name != name.strip():
        raise ValueError("must be a name, not a path")
    return name


def check_media_type(text: str) -> str:
    """For pydantic: type and subtype (RFC 6838), without parameters."""
    if _MEDIA_TYPE.fullmatch(text) is None:
        raise ValueError("must be a media type such as application/pdf")
    return text.lower()


def check_common_era(year: int) -> None:
    """For pydantic: refuses years that can only be of the Buddhist era."""
    if year >= _BUDDHIST_ERA_FROM:
        raise ValueError("must be a year of the common era (ค.ศ.), not พ.ศ.")
