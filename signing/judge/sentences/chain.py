"""Answers about the certificate of a signer and its chain."""

from collections.abc import Mapping
from types import MappingProxyType

from signing.judge.codes import Answer, Code, failed, unclear
from tdh.domain.verdicts import SubIndication

ANSWERS: Mapping[Code, Answer] = MappingProxyType(
    {
        Code.SIGNING_CERTIFICATE_MISSING: unclear(
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            "ไม่พบใบรับรองของผู้ลงลายมือชื่อในลายมือชื่อนี้",
            "The certificate of the signer is not in the signature.",
        ),
        Code.UNKNOWN_ROOT: unclear(
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            "ใบรับรองของผู้ลงลายมือชื่อไม่ได้ออกโดยผู้ให้บริการที่ระบบนี้เชื่อถือ",
            "The signer's certificate does not come from an authority that is trusted here.",
        ),
        Code.CHAIN_INVALID: unclear(
            SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
            "สายใบรับรองของผู้ลงลายมือชื่อไม่ถูกต้อง",
            "The chain of certificates of the signer does not hold.",
        ),
        Code.KEY_USAGE: unclear(
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
            "ใบรับรองของผู้ลงลายมือชื่อไม่อนุญาตให้ใช้ลงลายมือชื่อในเอกสาร",
            "The signer's certificate is not meant for signing documents.",
        ),
        Code.CERTIFICATE_EXPIRED: unclear(
            SubIndication.OUT_OF_BOUNDS_NO_POE,
            "ใบรับรองของผู้ลงลายมือชื่อหมดอายุแล้ว และไม่มีหลักฐานว่าลงลายมือชื่อก่อนหมดอายุ",
            "The signer's certificate has expired, and nothing proves that it was used before.",
        ),
        Code.CERTIFICATE_EXPIRED_NOT_REVOKED: unclear(
            SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
            "ใบรับรองของผู้ลงลายมือชื่อหมดอายุแล้วโดยไม่เคยถูกเพิกถอน แต่ไม่มีหลักฐานว่าลงลายมือชื่อก่อนหมดอายุ",
            "The signer's certificate has expired without having been revoked, and nothing proves "
            "that it was used before.",
        ),
        Code.SIGNED_AFTER_EXPIRY: failed(
            SubIndication.EXPIRED,
            "ลงลายมือชื่อหลังจากใบรับรองหมดอายุแล้ว",
            "The document was signed after the signer's certificate had expired.",
        ),
        Code.CERTIFICATE_NOT_YET_VALID: failed(
            SubIndication.NOT_YET_VALID,
            "ลงลายมือชื่อก่อนที่ใบรับรองจะเริ่มมีผล",
            "The document was signed before the signer's certificate began to be valid.",
        ),
        Code.CERTIFICATE_REVOKED: unclear(
            SubIndication.REVOKED_NO_POE,
            "ใบรับรองของผู้ลงลายมือชื่อถูกเพิกถอนแล้ว และไม่มีหลักฐานว่าลงลายมือชื่อก่อนถูกเพิกถอน",
            "The signer's certificate was revoked, and nothing proves that it was used before.",
        ),
        Code.SIGNED_AFTER_REVOCATION: failed(
            SubIndication.REVOKED,
            "ลงลายมือชื่อหลังจากใบรับรองถูกเพิกถอนแล้ว",
            "The document was signed after the signer's certificate had been revoked.",
        ),
        Code.AUTHORITY_REVOKED: unclear(
            SubIndication.REVOKED_CA_NO_POE,
            "ใบรับรองของผู้ให้บริการออกใบรับรองถูกเพิกถอนแล้ว",
            "The certificate of the authority that issued the signer's certificate was revoked.",
        ),
        Code.CERTIFICATE_SUSPENDED: unclear(
            SubIndication.TRY_LATER,
            "ใบรับรองถูกระงับการใช้ไว้ชั่วคราว โปรดลองใหม่เมื่อพ้นการระงับแล้ว",
            "The certificate has been suspended for the time being; try again once it is released.",
        ),
        Code.REVOCATION_UNKNOWN: unclear(
            SubIndication.TRY_LATER,
            "ยังไม่มีข้อมูลล่าสุดว่าใบรับรองถูกเพิกถอนหรือไม่ โปรดลองใหม่ภายหลัง",
            "It is not known whether the certificate has been revoked; try again later.",
        ),
    }
)
