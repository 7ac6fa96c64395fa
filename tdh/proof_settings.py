"""Settings of what makes evidence provable: log, anchors, timestamps, receipts.

Sections of `tdh.config`, which reads them.
"""

from dataclasses import dataclass
from pathlib import Path

from tdh.domain.archive import TreeDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """The public log."""

    round_seconds: float = 0.5
    """From the beginning of a round to the next one's; the promise is one a second under load."""
    folder: Path = Path("/var/lib/tdh/log")
    """Where tiles and checkpoint are published as files; served below `/log/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorConfig:
    """Outsiders who vouch for heads of the log."""

    seconds: float = 60.0
    """How often the newest head goes to them."""
    authorities: tuple[str, ...] = ()
    """Timestamp authorities, the preferred first: `name=https://host/path`."""
    authority_roots: Path = Path("/etc/tdh/authorities")
    """PEM files of the roots whose timestamps are believed: a folder, or one file."""
    witnesses: tuple[str, ...] = ()
    """`<vkey> <URL>` each: the witness's key, and the prefix of its `add-checkpoint`."""
    answer_seconds: float = 10.0
    """How long an outsider may take."""
    renew_before_days: float = 180.0
    """How long before the end of its timestamp a record of the archive is renewed."""
    digest: TreeDigest = TreeDigest.SHA_256
    """What the archive is to rest on: records by a weaker one are hashed anew (RFC 4998, 5.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TsaConfig:
    """Our own timestamp authority, `POST /tsa`."""

    offered: bool = True
    policies: tuple[str, ...] = ("0.4.0.2023.1.1",)
    """Policies (OIDs) under which timestamps are issued; the first unless another is asked for."""
    per_second: float = 100.0
    """Most of all callers together, in each process: letters need the sealer too."""
    address_per_second: float = 20.0
    """Most of one address; 0: no limit of its own."""
    ntp: tuple[str, ...] = ()
    """Time servers, `host` or `host:port`: no timestamp is issued while the clock is off theirs."""
    ntp_seconds: float = 64.0
    """How often they are asked."""
    kernel_clock: bool = False
    """Refuse, too, while the kernel says that its clock is not synchronised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsConfig:
    """The program that makes receipts (PDF) and seals bundles."""

    socket: Path = Path("/run/tdh-receipts/receipts.sock")
    keys: Path = Path("/var/lib/tdh/receipts/keys")
    """Folder of the receipt key with its certificates and revocation lists."""
    public_url: str = "http://127.0.0.1:8080"
    """Where this service is reached, without a slash at its end: in the QR code of receipts."""
    timeout_seconds: float = 20.0
