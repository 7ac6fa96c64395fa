"""The certificate of an evidence's seal: trusted at the event, and what became of it since."""

from collections.abc import Sequence

from signing.seal_check import Outcome, SealVerdict, was_valid
from signing.verify import words
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.spoken import moment
from signing.verify.terms import Terms
from signing.verify.voices import Vouched, earliest, outsider_before


def check_certificate(verdict: SealVerdict, terms: Terms, vouched: Sequence[Vouched]) -> CheckLine:
    """The certificate at the time of the event, and what its end or its key's loss since means.

    Whoever has the key of an ended certificate can seal with any date. So an ended one counts only
    where somebody who is trusted shows that the evidence existed before; and one whose key is in
    other hands only where an outsider does.
    """
    outcome, text = verdict.certificate.outcome, words.CERTIFICATE_HOLDS
    if outcome is Outcome.FAIL:
        text = words.CERTIFICATE_BROKEN.of(why=verdict.certificate.problem)
    elif verdict.content is None or verdict.seal.outcome is not Outcome.PASS:
        text = words.CERTIFICATE_NO_SEAL
    elif outcome is Outcome.UNKNOWN:
        text = words.CERTIFICATE_NO_ROOTS
    elif verdict.content.facts.time > terms.at:
        outcome, text = Outcome.UNKNOWN, words.CERTIFICATE_FUTURE
    else:
        outcome, text = _certificate_since(verdict, terms, vouched)
    return CheckLine(id=CheckId.CERTIFICATE, outcome=outcome, text=text)


def _certificate_since(
    verdict: SealVerdict, terms: Terms, vouched: Sequence[Vouched]
) -> tuple[Outcome, Text]:
    """What became of a certificate that was good at the time of the event."""
    since = terms.in_other_hands(verdict.path)
    if since is not None:
        seen = outsider_before(vouched, since)
        if seen is None:
            return Outcome.FAIL, words.CERTIFICATE_COMPROMISED.of(since=moment(since))
        text = words.CERTIFICATE_ANCHORED.of(
            since=moment(since), time=moment(seen.time), name=seen.name
        )
    elif was_valid(verdict, terms.trust.seal_roots, terms.at):
        return Outcome.PASS, words.CERTIFICATE_HOLDS
    else:
        seen = earliest(vouched)
        if seen is None:
            return Outcome.UNKNOWN, words.CERTIFICATE_ENDED
        text = words.CERTIFICATE_PROVEN.of(time=moment(seen.time), name=seen.name)
    if not was_valid(verdict, terms.trust.seal_roots, seen.time):
        return Outcome.UNKNOWN, words.CERTIFICATE_ENDED
    return Outcome.PASS, text
