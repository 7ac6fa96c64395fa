"""TSTInfo, what a timestamp says (RFC 3161, 2.4.2), written and read in DER.

The profile is ETSI EN 319 422: digests of SHA-2, accuracy stated, no ordering, no critical
extension. A digest tells its algorithm by its length: 32, 48 or 64 bytes. Knows nothing of
signatures; never does I/O.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from signing import der
from signing.errors import ProofError

TST_INFO = "1.2.840.113549.1.9.16.1.4"
"""Content type of a timestamp."""
MAX_SERIAL_BITS = 159
"""RFC 3161, 2.4.2: serial numbers of up to 160 bits, of which one is the sign."""
MAX_NONCE_BITS = 255
"""The format has no limit; usual nonces have 64 bits."""

_ALGORITHMS = {
    32: der.oid("2.16.840.1.101.3.4.2.1"),
    48: der.oid("2.16.840.1.101.3.4.2.2"),
    64: der.oid("2.16.840.1.101.3.4.2.3"),
}
"""SHA-256, SHA-384 and SHA-512 by the bytes of their digests (RFC 5754; TS 119 312)."""
_DIGEST_BYTES = {algorithm: length for length, algorithm in _ALGORITHMS.items()}


class TimestampError(ProofError):
    """A token, reply or request that is malformed or does not prove what it should."""

    code = "timestamp-invalid"


class UnsupportedDigest(TimestampError):
    """An imprint by another algorithm than SHA-256, SHA-384 or SHA-512."""

    code = "timestamp-digest-unsupported"


class UnsupportedVersion(TimestampError):
    """A request or statement of another version than 1."""

    code = "timestamp-version-unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class TstInfo:
    """The statement that a timestamp signs."""

    policy: str
    digest: bytes
    """SHA-256, SHA-384 or SHA-512 of the data, as its length says."""
    imprint: bytes
    """The MessageImprint as it is encoded; a reply repeats the request's."""
    serial: int
    time: datetime
    accuracy: timedelta | None
    """How far `time` may be from UTC; None where the authority does not say."""
    nonce: int | None

    def encode(self) -> bytes:
        """Write the statement. Raises TimestampError for what it cannot carry."""
        if not 0 < self.serial < 1 << MAX_SERIAL_BITS:
            raise TimestampError(f"a serial number is positive, up to {MAX_SERIAL_BITS} bits")
        if self.time.tzinfo is None:
            raise TimestampError("the time has no zone")
        return der.sequence(
            der.integer(1),
            der.oid(self.policy),
            self.imprint,
            der.integer(self.serial),
            der.generalized_time(self.time),
            b"" if self.accuracy is None else _write_accuracy(self.accuracy),
            b"" if self.nonce is None else write_nonce(self.nonce),
        )

    @classmethod
    def decode(cls, data: bytes) -> "TstInfo":
        """Read a statement. Raises TimestampError or DerError."""
        outside = der.Reader(data)
        info = outside.inside(der.SEQUENCE)
        outside.finish()
        check_version(info)
        policy = info.oid()
        imprint = info.element(der.SEQUENCE)
        serial = info.integer()
        time = info.generalized_time()
        accuracy = info.optional(der.SEQUENCE)
        if info.tag == der.BOOLEAN and not info.boolean():
            raise TimestampError("an ordering that DER leaves out")
        nonce = read_nonce(info)
        info.optional(der.explicit(0))  # the authority's name: its certificate says it
        extensions = info.optional(der.explicit(1))
        info.finish()
        if extensions is not None:
            _refuse_critical(extensions)
        if not 0 <= serial < 1 << MAX_SERIAL_BITS + 1:
            raise TimestampError("the serial number is negative or too long")
        return cls(
            policy=policy,
            digest=read_imprint(imprint),
            imprint=imprint,
            serial=serial,
            time=time,
            accuracy=None if accuracy is None else _read_accuracy(accuracy),
            nonce=nonce,
        )


def write_imprint(digest: bytes) -> bytes:
    """Write the MessageImprint of a digest of SHA-256, SHA-384 or SHA-512.

    Raises TimestampError for another length.
    """
    algorithm = _ALGORITHMS.get(len(digest))
    if algorithm is None:
        raise TimestampError("a digest of SHA-2 has 32, 48 or 64 bytes here")
    return der.sequence(der.sequence(algorithm, der.tlv(der.NULL)), der.octet_string(digest))


def read_imprint(data: bytes) -> bytes:
    """Give the digest in a MessageImprint.

    Raises UnsupportedDigest for another algorithm than three of SHA-2, TimestampError for a digest
    of another length than the algorithm's, DerError.
    """
    outside = der.Reader(data)
    imprint = outside.inside(der.SEQUENCE)
    outside.finish()
    algorithm = imprint.inside(der.SEQUENCE)
    digest = imprint.content(der.OCTET_STRING)
    imprint.finish()
    length = _DIGEST_BYTES.get(algorithm.element(der.OID))
    if length is None:
        raise UnsupportedDigest("an imprint that is not by SHA-256, SHA-384 or SHA-512")
    if algorithm.tag is not None and algorithm.content(der.NULL):
        raise TimestampError("a digest algorithm with parameters")
    algorithm.finish()
    if len(digest) != length:
        raise TimestampError("a digest of another length than its algorithm's")
    return digest


def write_nonce(nonce: int) -> bytes:
    """Write a nonce. Raises TimestampError for one that is too long."""
    if nonce.bit_length() > MAX_NONCE_BITS:
        raise TimestampError(f"a nonce has at most {MAX_NONCE_BITS} bits here")
    return der.integer(nonce)


def read_nonce(reader: der.Reader) -> int | None:
    """Take a nonce if one comes next. Raises TimestampError or DerError."""
    if reader.tag != der.INTEGER:
        return None
    nonce = reader.integer()
    if nonce.bit_length() > MAX_NONCE_BITS:
        raise TimestampError(f"a nonce has at most {MAX_NONCE_BITS} bits here")
    return nonce


def check_version(reader: der.Reader) -> None:
    """Take the version, which is 1 in requests and statements. Raises UnsupportedVersion."""
    if reader.integer() != 1:
        raise UnsupportedVersion("another version than 1")


def _write_accuracy(accuracy: timedelta) -> bytes:
    milliseconds, microseconds = divmod(accuracy.microseconds, 1000)
    seconds = accuracy // timedelta(seconds=1)
    return der.sequence(
        der.integer(seconds) if seconds else b"",
        der.integer(milliseconds, der.implicit(0)) if milliseconds else b"",
        der.integer(microseconds, der.implicit(1)) if microseconds else b"",
    )


def _read_accuracy(accuracy: der.Reader) -> timedelta:
    seconds = accuracy.integer() if accuracy.tag == der.INTEGER else 0
    fractions = [
        accuracy.integer(tag) if accuracy.tag == tag else 0
        for tag in (der.implicit(0), der.implicit(1))
    ]
    accuracy.finish()
    if not 0 <= seconds < 1 << 31 or any(not 0 <= part <= 999 for part in fractions):  # noqa: PLR2004 - RFC 3161, 2.4.2
        raise TimestampError("an accuracy out of its range")
    return timedelta(seconds=seconds, milliseconds=fractions[0], microseconds=fractions[1])


def _refuse_critical(extensions: der.Reader) -> None:
    for element in extensions.elements():
        extension = der.Reader(element).inside(der.SEQUENCE)
        extension.oid()
        if extension.tag == der.BOOLEAN and extension.boolean():
            raise TimestampError("a critical extension that is not understood")
        extension.content(der.OCTET_STRING)
        extension.finish()
