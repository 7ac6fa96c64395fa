"""What the judge accepts: the rules as values, with the name under which a verdict cites them.

A verdict is a function of document, policy, trust, time and revocation data; so every number and
switch that can change a verdict stands here and `identifier` changes with it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class RevocationMode(StrEnum):
    """What to do where a certificate names a revocation source and no fresh data are at hand."""

    REQUIRE = "require"
    """INDETERMINATE, TRY_LATER."""
    IF_PRESENT = "if-present"
    """Data that are there decide; their absence is noted in the report."""
    ACCEPT_OLDER = "accept-older"
    """Data that have run out will do up to a maximum age; the verdict is then provisional."""


class Signers(StrEnum):
    """How many signers of one CMS message must hold."""

    ALL = "all"
    ONE = "one"


class Coverage(StrEnum):
    """Which signatures of a container must cover each of its files."""

    EACH = "each"
    """Every signature covers every file: nobody's name stands beside what they did not sign."""
    TOGETHER = "together"
    """Every file is covered by some signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which documents may pass."""

    identifier: str = "tdh-pdf/1"
    revocation: RevocationMode = RevocationMode.REQUIRE
    max_revocation_age_seconds: int | None = None
    """How long before the time in question revocation data may have been issued, whatever they say
    themselves; None: they say it themselves. Needed for ACCEPT_OLDER."""
    accept_later_data: bool = False
    """Take revocation data that were issued after the time of judging: for a judgement as of a time
    gone by, never for one of now, where such data would be a mistake of their issuer."""
    allow_plain_pkcs7: bool = True
    """Accept adbe.pkcs7.detached beside ETSI.CAdES.detached: Thai agencies' older programs."""
    allow_plain_cms: bool = True
    """Accept CMS signatures that claim no CAdES profile: those of openssl and of older programs."""
    signers: Signers = Signers.ALL
    coverage: Coverage = Coverage.EACH
    allow_missing_mimetype: bool = False
    """Accept a container that does not say that it is one (EN 319 162-1, A.1)."""
    allow_plain_xmldsig: bool = False
    """Accept XML signatures without XAdES, which do not bind the certificate of their signer."""
    allow_embedded_files: bool = False
    allow_active_content: bool = False
    max_signatures: int = 25
    """Signatures and document timestamps; 25 cost a careful judge seconds."""
    max_certificates: int = 24
    """In one signature: path building over many lookalike certificates is exponential."""
    max_structure_nodes: int = 200_000
    """Pages, annotations, fields and outline items that are searched for active content."""

    def __post_init__(self) -> None:
        """Raise ValueError for rules that contradict each other."""
        age = self.max_revocation_age_seconds
        if self.revocation is RevocationMode.ACCEPT_OLDER and age is None:
            raise ValueError("accept-older needs a maximum age of revocation data")
        if age is not None and age <= 0:
            raise ValueError("the maximum age of revocation data must be above 0")

    @property
    def max_revocation_age(self) -> timedelta | None:
        """The maximum age as a span of time."""
        age = self.max_revocation_age_seconds
        return None if age is None else timedelta(seconds=age)

    @property
    def name(self) -> str:
        """The identifier with whatever differs from the rules as written."""
        marks = [self.revocation.value]
        if self.max_revocation_age_seconds is not None:
            marks.append(f"age-{self.max_revocation_age_seconds}s")
        if self.accept_later_data:
            marks.append("later-data")
        if not self.allow_plain_pkcs7:
            marks.append("pades-only")
        if not self.allow_plain_cms:
            marks.append("cades-only")
        if self.signers is Signers.ONE:
            marks.append("one-signer")
        if self.coverage is Coverage.TOGETHER:
            marks.append("covered-together")
        if self.allow_missing_mimetype:
            marks.append("without-mimetype")
        if self.allow_plain_xmldsig:
            marks.append("plain-xmldsig")
        if self.allow_embedded_files:
            marks.append("files")
        if self.allow_active_content:
            marks.append("active")
        return f"{self.identifier}+{'+'.join(marks)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may cost."""

    wall_seconds: float = 10.0
    cpu_seconds: int = 10
    memory_bytes: int = 512 * 1024 * 1024
    """Address space above what the warm parent itself has."""
    document_bytes: int = 100 * 1024 * 1024
    """A main document; enclosures are not judged."""
    uid: int = 65534
    """Whom a child becomes where the parent is root: `nobody`, who owns nothing."""
