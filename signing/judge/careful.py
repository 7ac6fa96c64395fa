"""Judges one document of any kind, and says why in one of the listed answers.

The kind is found from the bytes; each kind has its own rules in a module of its own. A broken
clause or anything unexpected is a refusal with a name. Pure: bytes, material, policy and time in,
values out.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from signing.judge.asic import judge_container
from signing.judge.cades import judge_cms
from signing.judge.codes import Code, Refused
from signing.judge.judgement import Inputs, Judgement, answer
from signing.judge.kinds import Kind, kind_of
from signing.judge.pades import judge_pdf
from signing.judge.timestamp_file import judge_timestamp_reply
from signing.judge.xades import judge_xml
from tdh.domain.verdicts import SignatureKind

LOG = logging.getLogger(__name__)

JudgeOfKind = Callable[[bytes, Inputs], Awaitable[Judgement]]

JUDGES: Mapping[Kind, tuple[JudgeOfKind, SignatureKind]] = MappingProxyType(
    {
        Kind.PDF: (judge_pdf, SignatureKind.PADES),
        Kind.CMS: (judge_cms, SignatureKind.CADES),
        Kind.CONTAINER: (judge_container, SignatureKind.ASIC_E),
        Kind.TIMESTAMP_REPLY: (judge_timestamp_reply, SignatureKind.TIMESTAMP),
        Kind.XML: (judge_xml, SignatureKind.XADES),
    }
)
"""Who judges a kind, and what a document of it is called where nothing more is known."""


async def judge(data: bytes, inputs: Inputs) -> Judgement:
    """Judge one document; never raises for what the document holds."""
    found = JUDGES.get(kind_of(data))
    if found is None:
        return answer(inputs, Code.KIND_UNKNOWN, kind=None)
    judge_kind, kind = found
    try:
        return await judge_kind(data, inputs)
    except Refused as refusal:
        known = None if refusal.code is Code.KIND_UNKNOWN else kind
        return answer(inputs, refusal.code, kind=known, seen=str(refusal))
    except MemoryError:
        raise
    except Exception as problem:  # clause 10: whatever happens is a refusal
        LOG.debug("unexpected", exc_info=problem)
        seen = f"{type(problem).__name__}: {problem}"
        return answer(inputs, Code.UNEXPECTED, kind=kind, seen=seen)
