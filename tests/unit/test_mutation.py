"""A few mutants of every valid document; the whole campaign is `python -m tests.mutation`."""

import functools

import pytest

from tests.mutation.campaign import Valid, run
from tests.mutation.documents import documents

FEW = 12
"""Positions of each document: the campaign takes every one of the small documents'."""


@functools.cache
def by_name() -> dict[str, Valid]:
    return {document.name: document for document in documents()}


def test_every_kind_is_in_the_campaign() -> None:
    assert {document.kind.value for document in by_name().values()} == {
        "pdf",
        "cms",
        "xml",
        "container",
    }
    assert len(by_name()) >= 30


@pytest.mark.parametrize("name", by_name())
def test_a_mutant_is_accepted_only_if_it_says_the_same(name: str) -> None:
    tally = run(by_name()[name], seed=len(name), most=FEW)
    assert tally.defects == []
    assert tally.mutants >= FEW
