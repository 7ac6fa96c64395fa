"""Loads, before the first fork, what the libraries load when they first need it.

A confined child can open no file, so a module, a codec or a table of time zones that is not in
memory by then is out of reach, and its document would be refused. Found by listening to the
interpreter's own audit events over real and hostile documents; a test listens again.
"""

import importlib
import logging
import time
from datetime import UTC, datetime

MODULES = (
    "asn1crypto.crl",
    "asn1crypto.keys",
    "asn1crypto.ocsp",
    "asn1crypto.tsp",
    "cryptography.hazmat.backends.openssl.backend",
    "lxml.etree",
    "pyhanko.pdf_utils.content",
    "pyhanko.pdf_utils.crypt",
    "pyhanko.pdf_utils.crypt.pdfmac",
    "pyhanko.pdf_utils.crypt.pubkey",
    "pyhanko.pdf_utils.crypt.standard",
    "pyhanko.pdf_utils.filters",
    "pyhanko.pdf_utils.font.api",
    "pyhanko.pdf_utils.metadata.xmp_xml",
    "pyhanko.pdf_utils.writer",
    "pyhanko.sign.fields",
    "pyhanko.sign.validation.pdf_embedded",
    "pyhanko_certvalidator.validate",
)
CODECS = (
    "ascii", "latin-1", "cp1252", "utf-8", "utf-16", "utf-16-be", "utf-16-le",
    "utf-32", "utf-32-be", "utf-32-le", "idna", "punycode", "unicode-escape",
)  # fmt: skip


def load() -> None:
    """Import and fill everything. Also: nobody reads logs of this program, so none are written."""
    for name in MODULES:
        importlib.import_module(name)
    for name in CODECS:
        "a".encode(name).decode(name)
    time.localtime()  # reads /etc/localtime, once in the life of a process
    datetime.strptime("2026-11-22", "%Y-%m-%d").replace(tzinfo=UTC)  # imports its own parser
    logging.disable(logging.CRITICAL)  # a traceback would look for source files
