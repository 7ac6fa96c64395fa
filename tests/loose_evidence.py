"""Evidence in looser forms than the one, each sealed and logged by the operator itself."""

import hashlib

from signing.evidence_document import write_evidence
from signing.log_entry import evidence_entry
from tests import evidence_samples as sample
from tests.proof_samples import Logged, Operator

LOOSER = {
    "an element more in Extensions": ("</ev:Extensions>", "<tdh:More></tdh:More></ev:Extensions>"),
    "a second log": (
        "</ev:TransactionLog>",
        "</ev:TransactionLog><ev:TransactionLog><tdh:Origin>x</tdh:Origin></ev:TransactionLog>",
    ),
    "a second sequence": (
        "<tdh:MergeDelaySeconds>",
        "<tdh:Sequence>9</tdh:Sequence><tdh:MergeDelaySeconds>",
    ),
    "an event below another base": ("http://uri.etsi.org/19522/Event/", "http://other.example/"),
    "an event almost of the standard": ("http://uri.etsi.org/", "http://uri-etsi.org/"),
    "an event of nobody": ("Event/SubmissionAcceptance", "Event/SubmissionHandover"),
    "a method below another base": (sample.URI_BASE + "/assur", "https://else.example/assur"),
    "another order of a part": (
        "<ContentType>application/pdf</ContentType><ds:DigestMethod",
        "<ContentType>application/pdf</ContentType><ContentType>x</ContentType><ds:DigestMethod",
    ),
    "a second identity": ("</ev:Identity><Id", "</ev:Identity><ev:Identity></ev:Identity><Id"),
    "more parts than there are": ("<ComposingParts>2<", "<ComposingParts>3<"),
    "a verdict of another part": ('<tdh:Verdict part="2"', '<tdh:Verdict part="1"'),
    "another namespace": ("<ev:Extensions>", '<ev:Extensions xmlns:tdh="urn:other">'),
    "an attribute more": ("<EventTime>", '<EventTime zone="x">'),
    "a critical extension": ('isCritical="false"', 'isCritical="true"'),
    "a level that is none": ("eidas.europa.eu/LoA/substantial", "eidas.europa.eu/LoA/highest"),
    "text between": ("</ev:SenderDetails>", "</ev:SenderDetails>x"),
}  # fmt: skip


def looser(operator: Operator, before: str, after: str) -> Logged:
    """An evidence in a looser form, sealed and logged by the operator itself."""
    facts = operator.facts(1, 1, "SubmissionAcceptance", "basic")
    document = write_evidence(facts, operator.issuer).decode()
    assert before in document
    changed = document.replace(before, after, 1).encode()
    xml = operator.keys.seal.seal(changed, signing_time=facts.time)
    entry = evidence_entry(
        event=facts.event, time=facts.time, pseudonym=facts.pseudonym, sequence=facts.sequence,
        due=facts.due, digest=hashlib.sha256(xml).digest(),
    )  # fmt: skip
    found = Logged(facts=facts, xml=xml, entry=entry, index=operator.checkpoint().size)
    operator.add(entry)
    return found
