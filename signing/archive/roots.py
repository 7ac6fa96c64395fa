"""The roots of outside authorities, as the operator lays them down: PEM files."""

from collections.abc import Mapping

from cryptography import x509

from signing.archive.errors import RecordError


def read_roots(files: Mapping[str, bytes]) -> tuple[x509.Certificate, ...]:
    """All certificates of the files, each once. `files`: by name, for the error.

    Raises RecordError for a file without certificates, and where there is none at all.
    """
    found: dict[x509.Certificate, None] = {}
    for name, content in files.items():
        try:
            found.update(dict.fromkeys(x509.load_pem_x509_certificates(content)))
        except ValueError as exc:
            raise RecordError(f"{name}: no certificates in PEM") from exc
    if not found:
        raise RecordError("no root of an authority is there")
    return tuple(found)
