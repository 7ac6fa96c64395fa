"""Answers about the form of a container (ASiC)."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code

ANSWERS: Mapping[Code, Answer] = MappingProxyType({})
