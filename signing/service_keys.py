"""What the log says of the service's own keys: operations written, and read back as periods.

`key-in-service` (use, key, and the certificate and its end where there is one), `key-retired` (use,
key, from when on it signs nothing) and `key-compromised` (key, since). A key is named by the
SHA-256 of its SubjectPublicKeyInfo. Never looks at a key file and never decides what is believed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from signing.c2sp_text import read_base64
from signing.errors import ProofError
from signing.log_entry import OperationEntry, operation_entry
from signing.private_keys import spki_digest
from tdh.domain.service_keys import Compromise, KeyUse, Retirement, ServiceKey, shown

IN_SERVICE, RETIRED, COMPROMISED = "key-in-service", "key-retired", "key-compromised"
OPERATIONS = frozenset({IN_SERVICE, RETIRED, COMPROMISED})

_ED25519_NOTE, _ED25519_COSIGNATURE, _MLDSA44 = 0x01, 0x04, 0x06
_DIGEST = re.compile(r"sha-256 ([0-9a-f]{64})")


class ServiceKeyError(ProofError):
    """A key or an operation about keys that cannot be read."""

    code = "service-key-invalid"


def key_of_certificates(use: KeyUse, chain: Sequence[bytes]) -> ServiceKey:
    """The key of a certificate (DER); it ends with the first that ends of its chain.

    Raises ServiceKeyError.
    """
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        first = certificates[0]
        return ServiceKey(
            use=use,
            key=spki_digest(first.public_key()),
            certificate=first.fingerprint(SHA256()),
            ends_at=min(one.not_valid_after_utc for one in certificates),
        )
    except (ValueError, IndexError) as exc:
        raise ServiceKeyError(f"a certificate of the {use} key cannot be read") from exc


def key_of_pem(use: KeyUse, pem: bytes) -> ServiceKey:
    """The key of a file: a certificate, then its issuers. Raises ServiceKeyError."""
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError as exc:
        raise ServiceKeyError(f"no certificates of the {use} key in PEM") from exc
    return key_of_certificates(use, [one.public_bytes(Encoding.DER) for one in chain])


def key_of_vkey(vkey: str) -> ServiceKey:
    """The key of a verifier key (C2SP) of the log, Ed25519 or ML-DSA-44. Raises ServiceKeyError."""
    _, _, rest = vkey.partition("+")
    _, _, encoded = rest.partition("+")
    key = read_base64(encoded)
    if not key:
        raise ServiceKeyError("is no verifier key: name+id+key, the key in Base64")
    try:
        if key[0] in {_ED25519_NOTE, _ED25519_COSIGNATURE}:
            public: object = Ed25519PublicKey.from_public_bytes(key[1:])
            return ServiceKey(use=KeyUse.LOG, key=spki_digest(public))
        if key[0] == _MLDSA44:
            public = MLDSA44PublicKey.from_public_bytes(key[1:])
            return ServiceKey(use=KeyUse.LOG_MLDSA, key=spki_digest(public))
    except ValueError as exc:
        raise ServiceKeyError("is no verifier key: the key in it cannot be read") from exc
    raise ServiceKeyError(f"is no verifier key of a log: its type is {key[0]}")


def in_service(key: ServiceKey, time: datetime) -> bytes:
    """The entry of a key that begins to serve."""
    fields = [("use", key.use.value), ("key", _sha256(key.key))]
    if key.certificate is not None and key.ends_at is not None:
        fields += [("certificate", _sha256(key.certificate)), ("ends", _instant(key.ends_at))]
    return operation_entry(IN_SERVICE, time, fields)


def retired(word: Retirement, time: datetime) -> bytes:
    """The entry of a key's end in one use."""
    fields = [("use", word.use.value), ("key", _sha256(word.key)), ("at", _instant(word.at))]
    return operation_entry(RETIRED, time, fields)


def compromised(word: Compromise, time: datetime) -> bytes:
    """The entry of a key that somebody else may have. The reason is not for the public."""
    fields = [("key", _sha256(word.key)), ("since", _instant(word.since))]
    return operation_entry(COMPROMISED, time, fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPeriod:
    """When a key served, by the log alone."""

    key: ServiceKey
    index: int
    """Of the entry that named it first."""
    entered_at: datetime
    """By that entry, cut to the minute."""
    retires_at: datetime | None = None
    compromised_since: datetime | None = None


@dataclass(slots=True)
class KeyPeriods:
    """All keys that a log names; fed with its operations in their order."""

    periods: dict[tuple[KeyUse, bytes], KeyPeriod] = field(default_factory=dict)
    compromised: dict[bytes, datetime] = field(default_factory=dict)
    first: int | None = None
    """Index of the first operation about keys: what lies before it is of a time that named none."""

    def add(self, index: int, operation: OperationEntry) -> None:
        """Take one operation; others than those about keys are passed over.

        Raises ServiceKeyError for one that is malformed, or ends a key that never served.
        """
        if operation.kind not in OPERATIONS:
            return
        fields = dict(operation.fields)
        try:
            self._take(index, operation, fields)
        except (KeyError, ValueError) as exc:
            raise ServiceKeyError(f"entry {index}: {operation.kind} is malformed: {exc}") from exc
        if self.first is None:
            self.first = index

    def _take(self, index: int, operation: OperationEntry, fields: dict[str, str]) -> None:
        key = _read_sha256(fields["key"])
        if operation.kind == COMPROMISED:
            since = _read_instant(fields["since"])
            self.compromised[key] = min(since, self.compromised.get(key, since))
            for name, period in self.periods.items():
                if name[1] == key:
                    self.periods[name] = replace(period, compromised_since=self.compromised[key])
            return
        use = KeyUse(fields["use"])
        if operation.kind == RETIRED:
            at, period = _read_instant(fields["at"]), self.periods[use, key]
            self.periods[use, key] = replace(period, retires_at=min(at, period.retires_at or at))
            return
        certificate = fields.get("certificate")
        named = ServiceKey(
            use=use,
            key=key,
            certificate=None if certificate is None else _read_sha256(certificate),
            ends_at=None if certificate is None else _read_instant(fields["ends"]),
        )
        known = self.periods.get((use, key))
        if known is not None:  # another certificate for the same key
            self.periods[use, key] = replace(known, key=named)
            return
        self.periods[use, key] = KeyPeriod(
            key=named,
            index=index,
            entered_at=operation.time,
            compromised_since=self.compromised.get(key),
        )

    def problem(self, use: KeyUse, key: bytes, *, index: int | None, time: datetime) -> str | None:
        """Why what a key signed is not covered by its service; None if it is.

        `index`: where the log has it, None while it waits. `time`: of the signature.
        """
        period = self.periods.get((use, key))
        if period is None:
            return f"made by the {use} key {shown(key)}, which the log never named in service"
        if index is not None and self.first is not None and self.first < index < period.index:
            return f"made by the {use} key {shown(key)} before the log named it in service"
        if period.retires_at is not None and time > period.retires_at:
            return f"made by the {use} key {shown(key)} after it was retired"
        return None

    def doubt(self, use: KeyUse, key: bytes, time: datetime) -> str | None:
        """Why strangers do not believe what a key signed then; None if nothing is known."""
        period = self.periods.get((use, key))
        since = None if period is None else period.compromised_since
        if since is None or time < since:
            return None
        return f"made by the {use} key {shown(key)}, which is compromised since {_instant(since)}"

    def lines(self) -> Iterable[str]:
        """One line a key, in the order of their service, for people."""
        for period in sorted(self.periods.values(), key=lambda one: one.index):
            end = "" if period.retires_at is None else f" until {_instant(period.retires_at)}"
            bad = ""
            if period.compromised_since is not None:
                bad = f", COMPROMISED since {_instant(period.compromised_since)}"
            begin = _instant(period.entered_at)
            yield f"{period.key.use} {shown(period.key.key)} in service from {begin}{end}{bad}"


def _sha256(digest: bytes) -> str:
    return f"sha-256 {digest.hex()}"


def _read_sha256(text: str) -> bytes:
    found = _DIGEST.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return bytes.fromhex(found[1])


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def _read_instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if _instant(time) != text:
        raise ValueError(text)
    return time
