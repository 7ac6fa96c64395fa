"""The one family of errors for everything in this package that reads a proof."""

from tdh.domain.errors import TDHError


class ProofError(TDHError):
    """A proof that is malformed, or that does not prove what it should.

    Each module has a leaf of its own; catch this one to say "the proof does not hold" and
    show its text as the reason.
    """

    code = "proof-invalid"
