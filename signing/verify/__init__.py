"""Offline checking of evidence, proofs and tokens, as `tdh verify` and the tests ask for it.

`verify_files` is the door. Nothing here reaches a network or a database, reads a clock, or takes
an anchor from what it checks: whom to believe and what time it is are arguments.
"""

from signing.verify.files import verify_files
from signing.verify.report import CheckId, CheckLine, Kind, Report, Result, Text
from signing.verify.terms import Terms

__all__ = ["CheckId", "CheckLine", "Kind", "Report", "Result", "Terms", "Text", "verify_files"]
