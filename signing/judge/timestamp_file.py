"""Judges an RFC 3161 timestamp that is a document of its own: a token (.tst) or a reply (.tsr).

RFC 3161, 2.4.2; ETSI EN 319 422. A token that verifies is valid whether or not what it stands
over came along; what came along is compared. It is nobody's signature: intake takes no such file
for a signed letter (`Verdict.accepted`).
"""

from dataclasses import replace
from datetime import datetime

from asn1crypto import cms, tsp

from signing.judge import tokens
from signing.judge.ber import BytesAfter, elements, to_der
from signing.judge.brought_cms import from_message
from signing.judge.chain import ChainFinding
from signing.judge.cms_checks import algorithm_findings
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.judgement import Inputs, JudgedSignature, Judgement, answer, judged, whole
from signing.judge.pdf_reading import LIBRARY_TROUBLE
from signing.judge.signer import signer_of
from tdh.domain.verdicts import SignatureKind

_GRANTED = frozenset({"granted", "granted_with_mods"})


async def judge_timestamp_reply(data: bytes, inputs: Inputs) -> Judgement:
    """Judge a TimeStampResp. Raises Refused for a broken clause of form."""
    try:
        (outer,) = elements(to_der(data))
        status, *token = outer.children()
        said = tsp.PKIStatusInfo.load(status.spelled, strict=True)["status"].native
        if said not in _GRANTED:
            raise Refused(Code.TIMESTAMP_REFUSED, str(said))
        (granted,) = token
        signed_data = cms.ContentInfo.load(granted.spelled, strict=True)["content"]
    except BytesAfter as problem:
        raise Refused(Code.BYTES_AFTER_SIGNATURE, str(problem)) from problem
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.TIMESTAMP_DAMAGED, str(problem)) from problem
    return await judge_token_file(signed_data, inputs)


async def judge_token_file(token: cms.SignedData, inputs: Inputs) -> Judgement:
    """Judge a token that is the whole document."""
    imprint = None if inputs.content is None else tokens.imprint_of(inputs.content)
    one = await judge_token(token, inputs, imprint, name="timestamp")
    if one.verdict.signer is None:
        return answer(inputs, one.code, kind=SignatureKind.TIMESTAMP)
    return whole(inputs, [one], kind=SignatureKind.TIMESTAMP)


async def judge_token(  # noqa: PLR0913 - what the verdict depends on, and what it is called
    token: cms.SignedData,
    inputs: Inputs,
    imprint: tokens.Imprint | None,
    *,
    name: str,
    covers: tuple[str, ...] = (),
    proven: datetime | None = None,
) -> JudgedSignature:
    """Judge one token as if it were a signature: who stamped, when; never raises for its content.

    The result has no type of the Thai act: a timestamp is nobody's signature.
    """
    try:
        found = from_message(token)
        material = inputs.material.plus(
            certificates=found.certificates, crls=found.crls, ocsps=found.ocsps
        )
        moment = tokens.Moment(material=material, policy=inputs.policy, at=inputs.at)
        finding = await tokens.judge_token(token, imprint, moment, proven)
        algorithms = algorithm_findings(token["signer_infos"][0], finding.certificate)
        signer = signer_of(finding.certificate)
    except Refused as refusal:
        return judged(name, refusal.code, covers=covers)
    except LIBRARY_TROUBLE:
        return judged(name, Code.TIMESTAMP_DAMAGED, covers=covers)
    chain = finding.chain or ChainFinding()
    notes = list(chain.notes)
    if imprint is None:
        notes.append(NoteCode.CONTENT_NOT_COMPARED)
    one = judged(
        name,
        finding.code or Code.TIMESTAMP_VALID,
        signer=signer,
        proven=None if finding.code else finding.time,
        claimed=finding.time,
        covers=covers,
        algorithms=algorithms,
        revocation=chain.revocation,
        notes=notes,
        needs=chain.needs,
    )
    return replace(one, verdict=replace(one.verdict, type=None))
