"""Asks both judges about a document and compares: what the fast lane accepts, the careful one must.

The halves of the fast lane run in this process, without children. A document that the fast lane
accepts is shown to the careful judge, which must accept it with the same report, to the byte.
"""

from datetime import datetime
from pathlib import Path

from signing.judge.chain import material_of
from signing.judge.child import Bench, judge_document
from signing.judge.fast import verdict
from signing.judge.fast.locate import locate
from signing.judge.fast.memory import ChainMemory
from signing.judge.fast.verify import Verified, verify
from signing.judge.policy import Limits, Policy
from signing.judge.report import Report, report_bytes
from signing.trust import TrustFolder, load_trust
from tests.pki import make


class Disagreement(AssertionError):
    """The fast lane would accept what the careful judge refuses, or says something else of it."""


class BothJudges:
    """Both judges under one trust, one policy and one time, with one memory of chains."""

    def __init__(
        self, trust: TrustFolder, *, policy: Policy | None = None, at: datetime = make.JUDGED_AT
    ) -> None:
        self.at = at
        self.trust = trust
        self.memory = ChainMemory()
        self.bench = Bench(
            material=material_of(trust),
            trust_version=trust.version,
            policy=policy or Policy(),
            limits=Limits(),
        )
        self.occasion = verdict.Occasion(
            trust_version=trust.version, policy=self.bench.policy, at=at
        )

    def verified(self, document: bytes) -> Verified | None:
        """What the fast lane can show without chains."""
        located = locate(document)
        if located is None:
            return None
        return verify(document, located, self.trust.intermediates)

    def fast(self, document: bytes) -> Report | None:
        """The fast lane's report, if it accepts."""
        verified = self.verified(document)
        return None if verified is None else verdict.accept(verified, self.memory, self.occasion)

    def careful(self, document: bytes) -> Report:
        return judge_document(self.bench, document, self.at)

    def learn(self, document: bytes) -> bool:
        """Have the careful judge look first; whether the fast lane now knows the chains."""
        verified = self.verified(document)
        if verified is None:
            return False
        return verdict.learn(verified, self.careful(document), self.memory, self.occasion)

    def compare(self, document: bytes) -> bool:
        """Whether the fast lane accepts. Raises Disagreement where the careful judge does not."""
        verified = self.verified(document)
        if verified is None:
            return False
        fast = verdict.accept(verified, self.memory, self.occasion)
        if fast is None:  # nothing is known of a chain
            return False
        careful = self.careful(document)
        if report_bytes(fast) != report_bytes(careful):
            reason = careful.verdict.reason.code
            raise Disagreement(f"another report than the careful one: {reason}, {careful.seen}")
        return True


def judges_for(folder: Path | None = None) -> BothJudges:
    """Both judges under the trust folder of the tests, knowing the chains of the good."""
    pki = make.shared_pki()
    both = BothJudges(load_trust([folder or pki.trust_folder]))
    for name in ("good", "rsa"):
        for stamp in (None, pki.timestamp(make.SIGNED_AT)):
            assert both.learn(make.sign_pdf(make.simple_pdf(), pki.signers[name], timestamp=stamp))
    return both
