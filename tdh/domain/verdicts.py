"""The judge's answer about one signed document, in the words of ETSI EN 319 102-1.

Plain values only: a verdict crosses a process border and is stored with the letter.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Indication(StrEnum):
    """Main status of a validation (EN 319 102-1, 5.1.3), and one of ours for "nothing to judge"."""

    TOTAL_PASSED = "TOTAL_PASSED"
    TOTAL_FAILED = "TOTAL_FAILED"
    INDETERMINATE = "INDETERMINATE"
    NO_SIGNATURE = "NO_SIGNATURE"


class SubIndication(StrEnum):
    """Why a validation did not pass (EN 319 102-1, 5.1.3, tables 5 and 6)."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


TIMESTAMP_ALONE = "timestamp-valid"
"""Code of the reason where a timestamp holds, and nothing is signed by anybody."""


class SignatureKind(StrEnum):
    """What carries the signature; found from the bytes, never from the file's name."""

    PADES = "pades"
    CADES = "cades"
    XADES = "xades"
    ASIC_E = "asic-e"
    ASIC_S = "asic-s"
    TIMESTAMP = "timestamp"


class SignatureLevel(StrEnum):
    """Baseline level that a signature reaches (EN 319 142-1, 319 122-1, 319 132-1, clause 6)."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: a stable code for programs and one sentence for people in each language."""

    code: str
    """kebab-case, for example `changed-after-signing`."""
    th: str
    en: str


class SignatureType(StrEnum):
    """What a signature is under Thailand's Electronic Transactions Act, as far as it shows itself.

    Which it is in court depends on facts outside the document too.
    """

    GENERAL = "general"
    """Section 9: it identifies somebody and shows an intent."""
    RELIABLE = "section-26"
    """Section 26: bound to its signer, and any change of signature or document shows."""
    CERTIFIED = "section-28"
    """Section 28: section 26, with a certificate of an authority that is trusted here."""


class RevocationStatus(StrEnum):
    """What is known of one certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """No data, or none that hold."""
    NOT_NEEDED = "not-needed"
    """The certificate names no source (and is not on a list of the operator's)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed, as the certificate says."""

    common_name: str
    serial: str
    """The certificate's serial number, lower-case hexadecimal without prefix."""
    subject: tuple[tuple[str, str], ...] = ()
    """Every attribute of the subject in order: name (as RFC 4519 spells it, else the object
    identifier) and value."""
    organization: str | None = None
    citizen_id: str | None = None
    """Thai citizen number, 13 digits, where the certificate has one."""
    tax_id: str | None = None
    """Thai tax number of a juristic person, likewise."""
    issuer: str = ""
    """Name of who issued the certificate, for people."""
    certificate_sha256: str = ""
    """Digest of the certificate's DER, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmFinding:
    """One use of cryptography and whether the policy accepts it."""

    use: str
    """`digest`, `signature`, `key`."""
    name: str
    """For example `sha256`, `ecdsa`, `rsa-2048`, `ec-secp256r1`."""
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFinding:
    """What was found of one certificate of the chain, and where it came from."""

    certificate_sha256: str
    subject: str
    status: RevocationStatus
    source: str | None = None
    """`crl` or `ocsp`, then ` document`, ` trust` or ` fetched`: where the data came from."""
    data_sha256: str | None = None
    """Digest of the list or answer that decided; its bytes are kept under this name."""
    this_update: datetime | None = None
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    """Beside GOOD: the certificate was revoked after the time that counts."""
    revocation_reason: str | None = None
    """As RFC 5280, 5.3.1 spells it, for example `keyCompromise`, where the data say one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureVerdict:
    """What is known of one signature in the document."""

    field: str
    indication: Indication
    sub_indication: SubIndication | None
    level: SignatureLevel | None
    """None where the signature is no baseline signature (for example adbe.pkcs7.detached)."""
    signer: Signer | None
    claimed_time: datetime | None
    """What the signer says; proves nothing."""
    proven_time: datetime | None
    """The time of a trusted timestamp over this signature."""
    reason: Reason | None = None
    """Why this signature is judged so; the verdict has the reason for the whole."""
    type: SignatureType | None = None
    """None where the signature does not hold."""
    covers: tuple[str, ...] = ()
    """Names of the files that the signature covers, in a container or detached."""
    algorithms: tuple[AlgorithmFinding, ...] = ()
    revocation: tuple[RevocationFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one document under one policy, at one time, against one set of anchors."""

    indication: Indication
    sub_indication: SubIndication | None
    reason: Reason
    kind: SignatureKind | None
    policy: str
    """Identifier and version of the rules that were applied."""
    trust_version: str
    """Digest of the trust material that was used, so that the verdict can be repeated."""
    evaluated_at: datetime
    signatures: tuple[SignatureVerdict, ...] = ()
    provisional: bool = False
    """Passed on revocation data older than the policy wants; to be checked again."""

    @property
    def accepted(self) -> bool:
        """Whether intake may take the document: nothing but TOTAL_PASSED will do.

        A timestamp alone is valid and is nobody's signature, so it is not enough.
        """
        passed = self.indication is Indication.TOTAL_PASSED
        return passed and self.reason.code != TIMESTAMP_ALONE
