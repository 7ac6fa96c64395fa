"""The names of the judge's answers, and what an answer is.

Programs outside may depend on the names. The sentences stand in `sentences/`, a table a subject.
"""

from dataclasses import dataclass
from enum import StrEnum

from tdh.domain.verdicts import Indication, SubIndication


class Code(StrEnum):
    """Stable names of the answers; programs outside may depend on them."""

    SIGNATURE_VALID = "signature-valid"
    NO_SIGNATURE = "no-signature"
    ONLY_A_TIMESTAMP = "only-a-timestamp"
    KIND_UNKNOWN = "not-a-signed-kind"
    CONTENT_MISSING = "signed-content-missing"

    TOO_LARGE = "document-too-large"
    HEADER_MISPLACED = "header-misplaced"
    STRUCTURE_DAMAGED = "structure-damaged"
    ENCRYPTED = "document-encrypted"
    CROSS_REFERENCE_WRONG = "cross-reference-wrong"
    HYBRID_READINGS_DISAGREE = "hybrid-readings-disagree"
    ALSO_AN_ARCHIVE = "document-is-also-an-archive"
    ALSO_ANOTHER_DOCUMENT = "document-is-also-another"
    SIGNATURES_DISAGREE = "signatures-disagree"
    SIGNATURE_IN_OBJECT_STREAM = "signature-in-object-stream"
    TOO_MANY_SIGNATURES = "too-many-signatures"
    SIGNATURE_INCOMPLETE = "signature-incomplete"
    BYTE_RANGE_SHAPE = "byte-range-shape"
    BYTE_RANGE_GAP = "byte-range-gap"
    GAP_OUTSIDE_SIGNATURE = "gap-outside-signature"
    CONTENTS_EMPTY = "contents-empty"
    CONTENTS_DAMAGED = "contents-damaged"
    SUBFILTER = "signature-format-not-accepted"
    SIGNATURE_TYPE = "signature-type-wrong"
    SEVERAL_SIGNERS = "several-signers"
    TOO_MANY_CERTIFICATES = "too-many-certificates"
    CONTENT_NOT_DETACHED = "content-not-detached"
    SIGNED_ATTRIBUTES = "signed-attributes-missing"
    SIGNED_ATTRIBUTE_REPEATED = "signed-attribute-repeated"
    SIGNING_CERTIFICATE_ATTRIBUTE = "signing-certificate-attribute-missing"
    BYTES_AFTER_SIGNATURE = "bytes-after-signature"
    REVISION_AFTER_SIGNING = "revision-after-signing"
    METADATA_CHANGED = "metadata-changed-after-signing"
    CHANGED_BETWEEN_SIGNATURES = "changed-between-signatures"
    CHANGE_FORBIDDEN_BY_SIGNER = "change-forbidden-by-signer"
    CERTIFICATION_MISPLACED = "certification-misplaced"
    XFA_FORM = "xfa-form"
    ACTIVE_CONTENT = "active-content"
    EMBEDDED_FILES = "embedded-files"
    EXTERNAL_CONTENT = "external-content"

    CONTENT_DIFFERS = "content-differs"
    TIMESTAMP_VALID = "timestamp-valid"
    TIMESTAMP_DAMAGED = "timestamp-damaged"
    TIMESTAMP_REFUSED = "timestamp-refused-by-authority"
    TIMESTAMP_IMPRINT = "timestamp-of-other-content"
    TIMESTAMP_UNIT = "timestamp-unit-not-allowed"
    TIMESTAMP_FROM_FUTURE = "timestamp-from-future"

    CONTAINER_DAMAGED = "container-damaged"
    CONTAINER_HIDDEN_DATA = "container-hidden-data"
    CONTAINER_HEADERS_DISAGREE = "container-headers-disagree"
    CONTAINER_DUPLICATE_NAME = "container-duplicate-name"
    CONTAINER_UNSAFE_NAME = "container-unsafe-name"
    CONTAINER_METHOD = "container-compression-not-accepted"
    CONTAINER_TOO_LARGE = "container-too-large"
    CONTAINER_MIMETYPE_MISSING = "container-mimetype-missing"
    CONTAINER_MIMETYPE_WRONG = "container-mimetype-wrong"
    CONTAINER_EMPTY = "container-without-files"
    CONTAINER_SEVERAL_FILES = "container-several-files"
    CONTAINER_FILE_PLACE = "container-file-not-in-root"
    CONTAINER_MIXED = "container-signature-kinds-mixed"
    CONTAINER_FILE_UNSIGNED = "container-file-unsigned"
    CONTAINER_FILE_PARTLY_SIGNED = "container-file-not-signed-by-all"
    CONTAINER_MANIFEST = "container-manifest-damaged"
    CONTAINER_SIGNATURE_LOOSE = "container-signature-without-manifest"
    CONTAINER_FILE_MISSING = "container-file-missing"
    CONTAINER_ONLY_EVIDENCE_RECORD = "container-evidence-record-not-judged"

    XML_MALFORMED = "xml-malformed"
    XML_DOCTYPE = "xml-document-type"
    XML_ENCODING = "xml-encoding"
    XML_TOO_COMPLEX = "xml-too-complex"
    XML_COMMENT_IN_TEXT = "xml-comment-in-text"
    XML_SIGNATURE_STRUCTURE = "xml-signature-structure"
    XML_REFERENCE = "xml-reference-not-accepted"
    XML_ID_AMBIGUOUS = "xml-id-ambiguous"
    XML_TRANSFORM = "xml-transform-not-accepted"
    XML_PART_UNSIGNED = "xml-part-unsigned"
    NOT_XADES = "not-xades"
    XADES_VERSION = "xades-version-not-accepted"
    SIGNED_PROPERTIES_UNSIGNED = "signed-properties-unsigned"
    SHARED_SECRET = "shared-secret-signature"  # noqa: S105 - the name of an answer

    CHANGED_AFTER_SIGNING = "changed-after-signing"
    SIGNATURE_DOES_NOT_VERIFY = "signature-does-not-verify"
    WEAK_ALGORITHM = "weak-algorithm"
    UNKNOWN_ALGORITHM = "unknown-algorithm"
    SIGNING_CERTIFICATE_MISSING = "signing-certificate-missing"
    UNKNOWN_ROOT = "unknown-root"
    CHAIN_INVALID = "chain-invalid"
    KEY_USAGE = "key-usage"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_EXPIRED_NOT_REVOKED = "certificate-expired-not-revoked"
    SIGNED_AFTER_EXPIRY = "signed-after-expiry"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_REVOKED = "certificate-revoked"
    SIGNED_AFTER_REVOCATION = "signed-after-revocation"
    AUTHORITY_REVOKED = "authority-revoked"
    CERTIFICATE_SUSPENDED = "certificate-suspended"
    REVOCATION_UNKNOWN = "revocation-unknown"

    TIME_LIMIT = "judge-time-limit"
    MEMORY_LIMIT = "judge-memory-limit"
    CRASHED = "judge-crashed"
    UNEXPECTED = "judge-unexpected-error"


class NoteCode(StrEnum):
    """What the report mentions although it decides nothing."""

    TIMESTAMP_NOT_COUNTED = "timestamp-not-counted"
    FORM_FILLED_LATER = "form-filled-by-a-later-signer"
    REVOCATION_NOT_CHECKED = "revocation-not-checked"
    REVOCATION_DATA_OLD = "revocation-data-old"
    SIGNATURE_POLICY_NOT_APPLIED = "signature-policy-not-applied"
    COUNTERSIGNATURE_NOT_JUDGED = "countersignature-not-judged"
    ARCHIVE_TIMESTAMP_NOT_JUDGED = "archive-timestamp-not-judged"
    CONTENT_NOT_COMPARED = "content-not-compared"
    EVIDENCE_RECORD_NOT_JUDGED = "evidence-record-not-judged"
    CONTAINER_MIMETYPE_MISPLACED = "container-mimetype-misplaced"


@dataclass(frozen=True, slots=True)
class Answer:
    """One row: what the code means by the book, and in words."""

    indication: Indication
    sub_indication: SubIndication | None
    th: str
    en: str


def failed(sub: SubIndication, th: str, en: str) -> Answer:
    return Answer(Indication.TOTAL_FAILED, sub, th, en)


def malformed(th: str, en: str) -> Answer:
    return failed(SubIndication.FORMAT_FAILURE, th, en)


def unclear(sub: SubIndication, th: str, en: str) -> Answer:
    return Answer(Indication.INDETERMINATE, sub, th, en)


def unsigned(th: str, en: str) -> Answer:
    return Answer(Indication.NO_SIGNATURE, None, th, en)


class Refused(Exception):
    """A clause does not hold; carries the answer's code and, for the log, what was seen."""

    def __init__(self, code: Code, seen: str = "") -> None:
        super().__init__(f"{code.value}: {seen}" if seen else code.value)
        self.code = code
