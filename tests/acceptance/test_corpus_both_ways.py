"""The fast lane on real documents that nobody here wrote: it says nothing that is not so.

Each PDF of the reference corpus is shown to both judges, with the roots of its row as if they were
trusted, at a time when its signer's certificate was valid.
"""

from pathlib import Path

import pytest
from test_corpus import rows, time_of_signing

from signing.judge.policy import Policy, RevocationMode
from signing.trust import load_trust
from tests.fast_and_careful import BothJudges

pytestmark = pytest.mark.reference


def test_no_document_of_the_corpus_is_accepted_but_by_both(reference: Path) -> None:
    corpus, policy = reference / "corpus", Policy(revocation=RevocationMode.IF_PRESENT)
    compared = 0
    for row in rows(corpus):
        document = (corpus / row.file).read_bytes()
        roots = [corpus / "roots" / f"{root}.pem" for root in row.roots]
        both = BothJudges(load_trust(roots), policy=policy, at=time_of_signing(document))
        if both.verified(document) is None:
            continue
        compared += 1
        both.learn(document)
        if both.compare(document):
            assert row.expected in {"ACCEPT", "POLICY"}, row.file
    assert compared
