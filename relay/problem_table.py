"""The table of problems: what is said for each code, in Thai and English.

Data only. `problems.py` makes answers of it; a test walks every error class and finds its row.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """How one code is answered."""

    status: int
    title: str
    title_th: str
    advice: str
    advice_th: str
    retryable: bool = False
    retry_after: int | None = None
    """Seconds, for the header."""
    exposed: bool = False
    """Whether the error's own text is written for the caller."""


_ONCE_MORE = ("Send the same request again.", "ส่งคำขอเดิมอีกครั้ง")
_NOT_KEPT = (
    "Nothing was accepted. Send the same request again later, with the same Idempotency-Key.",
    "ยังไม่มีการรับฝาก ส่งคำขอเดิมอีกครั้งภายหลัง ด้วย Idempotency-Key เดิม",
)
_OURS = (
    "The fault is ours. Tell the operator the X-Request-Id of this answer.",
    "เป็นความผิดพลาดของระบบ แจ้งผู้ให้บริการพร้อม X-Request-Id ของคำตอบนี้",
)
_MEND = ("Correct the request as `errors` says, then send it.", "แก้ไขคำขอตาม errors แล้วส่งใหม่")
_SEE = ("The evidence named here says what happened.", "หลักฐานที่ระบุไว้บอกสิ่งที่เกิดขึ้นแล้ว")
_UNAVAILABLE = ("Not available now", "ใช้งานไม่ได้ในขณะนี้")

ROWS: Mapping[str, Row] = {
    "internal": Row(500, "Internal error", "ระบบขัดข้อง", *_OURS),
    # What the caller can mend.
    "invalid-request": Row(400, "The request is not valid", "คำขอไม่ถูกต้อง", *_MEND, exposed=True),
    "malformed-body": Row(
        400,
        "The body cannot be read",
        "อ่านเนื้อหาคำขอไม่ได้",
        "Send the body in the form that /openapi.json describes.",
        "ส่งเนื้อหาตามรูปแบบใน /openapi.json",
        exposed=True,
    ),
    "idempotency-key-required": Row(
        400,
        "An Idempotency-Key is required",
        "ต้องมี Idempotency-Key",
        "Send an Idempotency-Key header of 1 to 255 visible characters, a new one a letter.",
        "ส่งส่วนหัว Idempotency-Key ยาว 1 ถึง 255 อักขระ โดยใช้คีย์ใหม่กับหนังสือทุกฉบับ",
    ),
    "digest-algorithm-not-supported": Row(
        400,
        "Content-Digest without sha-256",
        "Content-Digest ไม่มี sha-256",
        "Send `Content-Digest: sha-256=:…:`, or none.",
        "ส่ง Content-Digest แบบ sha-256=:…: หรือไม่ส่งเลย",
    ),
    "unauthenticated": Row(
        401,
        "Not authenticated",
        "ยังไม่ได้ยืนยันตัวตน",
        "Send a valid token: `Authorization: Bearer …`.",
        "ส่งโทเคนที่ใช้ได้: Authorization: Bearer …",
    ),
    "not-found": Row(
        404,
        "Not found",
        "ไม่พบ",
        "Check the id. What belongs to others is answered like what does not exist.",
        "ตรวจสอบรหัส สิ่งที่เป็นของผู้อื่นให้คำตอบเดียวกับสิ่งที่ไม่มีอยู่",
    ),
    "no-checkpoint-yet": Row(
        404,
        "The log has no checkpoint yet",
        "สมุดบันทึกยังไม่มีหัวที่ลงนาม",
        "The first one follows the first evidence.",
        "หัวแรกจะมีขึ้นหลังจากมีหลักฐานฉบับแรก",
        retryable=True,
        retry_after=1,
    ),
    "method-not-allowed": Row(
        405,
        "Method not allowed",
        "ใช้เมธอดนี้ไม่ได้",
        "The Allow header says which ones are.",
        "ดูเมธอดที่ใช้ได้ในส่วนหัว Allow",
    ),
    "not-acceptable": Row(
        406,
        "Not available in the form asked for",
        "ไม่มีในรูปแบบที่ขอ",
        "Evidence is given as application/xml or application/json.",
        "หลักฐานมีในรูปแบบ application/xml หรือ application/json",
    ),
    "request-timeout": Row(
        408, "The body came too slowly", "ส่งเนื้อหาช้าเกินไป", *_NOT_KEPT, retryable=True
    ),
    "too-slow": Row(
        408,
        "The body came at less than the least rate",
        "ส่งเนื้อหาด้วยอัตราต่ำกว่าที่กำหนด",
        "Nothing was accepted. Send it again over a faster line, with the same Idempotency-Key.",
        "ยังไม่มีการรับฝาก ส่งใหม่ผ่านเครือข่ายที่เร็วกว่า ด้วย Idempotency-Key เดิม",
        retryable=True,
    ),
    "too-large": Row(
        413,
        "The body is too large",
        "เนื้อหาใหญ่เกินไป",
        "Send less; the limit is in /openapi.json.",
        "ลดขนาดลง ขีดจำกัดอยู่ใน /openapi.json",
        exposed=True,
    ),
    "unsupported-media-type": Row(
        415,
        "This media type is not taken here",
        "ไม่รับเนื้อหาประเภทนี้",
        "Letters come as multipart/form-data, part `letter` first; other bodies as JSON.",
        "หนังสือส่งเป็น multipart/form-data โดยส่วน letter มาก่อน เนื้อหาอื่นเป็น JSON",
    ),
    "timestamp-query-required": Row(
        415,
        "A timestamp query is wanted",
        "ต้องเป็นคำขอตราประทับเวลา",
        "Send a TimeStampReq (RFC 3161) as application/timestamp-query.",
        "ส่ง TimeStampReq (RFC 3161) แบบ application/timestamp-query",
    ),
    "content-encoding-refused": Row(
        415,
        "Encoded bodies are not taken",
        "ไม่รับเนื้อหาที่บีบอัด",
        "Send the body without Content-Encoding.",
        "ส่งเนื้อหาโดยไม่มี Content-Encoding",
    ),
    "expectation-failed": Row(
        417,
        "Only `Expect: 100-continue` is known",
        "รองรับเฉพาะ Expect: 100-continue",
        "Send the request without this Expect header.",
        "ส่งคำขอโดยไม่มีส่วนหัว Expect นี้",
    ),
    "uploads-not-available": Row(
        415,
        "Letters with upload ids are not taken yet",
        "ยังไม่รับหนังสือแบบอ้างรหัสอัปโหลด",
        "Send multipart/form-data, part `letter` first.",
        "ส่งเป็น multipart/form-data โดยส่วน letter มาก่อน",
    ),
    "digest-mismatch": Row(
        422,
        "The digest does not fit",
        "ค่าแฮชไม่ตรง",
        "What arrived is not what the digest names; nothing was kept. Send it again.",
        "สิ่งที่ได้รับไม่ตรงกับค่าแฮช ไม่มีสิ่งใดถูกเก็บไว้ ส่งใหม่อีกครั้ง",
    ),
    "top-secret-not-carried": Row(
        422,
        "ลับที่สุด (top secret) may not travel electronically",
        "ห้ามส่งหนังสือชั้นลับที่สุดทางอิเล็กทรอนิกส์",
        "Send it on paper, as the regulation on official secrets says.",
        "ส่งเป็นเอกสารกระดาษตามระเบียบว่าด้วยการรักษาความลับของทางราชการ",
    ),
    "mode-not-available": Row(
        422,
        "This consignment mode is not offered",
        "ไม่มีบริการนำจ่ายแบบนี้",
        "Choose basic or consent.",
        "เลือก basic หรือ consent",
        exposed=True,
    ),
    "recipient-not-registered": Row(
        422,
        "A recipient has no mailbox here",
        "ผู้รับไม่มีตู้ไปรษณีย์ดิจิทัล",
        "Check the party id, or send to this recipient another way.",
        "ตรวจสอบรหัสผู้รับ หรือส่งถึงผู้รับนี้ทางอื่น",
        exposed=True,
    ),
    "data-refused": Row(
        422,
        "The data cannot be kept as they are",
        "เก็บข้อมูลตามที่ส่งมาไม่ได้",
        "Nothing was accepted. Check the letter's fields.",
        "ยังไม่มีการรับฝาก ตรวจสอบข้อความในหนังสือ",
    ),
    "too-many-requests": Row(
        429,
        "Too many requests",
        "ส่งคำขอถี่เกินไป",
        "Send fewer of them a second.",
        "ลดจำนวนคำขอต่อวินาที",
        retryable=True,
        retry_after=1,
    ),
    # What happened before.
    "mailbox-closed": Row(
        409,
        "The recipient's mailbox takes nothing now",
        "ตู้ของผู้รับปิดรับอยู่",
        *_ONCE_MORE,
        retryable=True,
        retry_after=60,
    ),
    "illegal-transition": Row(
        409, "Not possible in this state", "ทำไม่ได้ในสถานะนี้", "Read the delivery.", "ดูสถานะการนำจ่าย"
    ),
    "already-final": Row(409, "Decided before", "มีผลไปแล้ว", *_SEE),
    "not-accepted-yet": Row(
        409,
        "The recipient has not accepted this delivery",
        "ผู้รับยังไม่ได้ลงรับ",
        "Accept the delivery first: POST /v1/inbox/{delivery}/accept.",
        "ลงรับก่อน: POST /v1/inbox/{delivery}/accept",
    ),
    "acceptance-too-late": Row(
        409,
        "The term for accept or refuse is over",
        "พ้นกำหนดลงรับหรือปฏิเสธแล้ว",
        "The sender can send the letter again.",
        "ผู้ส่งอาจส่งหนังสืออีกครั้งได้",
    ),
    "not-due-yet": Row(
        409, "Not due yet", "ยังไม่ถึงกำหนด", *_ONCE_MORE, retryable=True, retry_after=60
    ),
    "idempotency-mismatch": Row(
        409,
        "This Idempotency-Key was used for another letter",
        "Idempotency-Key นี้ใช้กับหนังสืออื่นไปแล้ว",
        "Use a new key for a new letter.",
        "ใช้คีย์ใหม่สำหรับหนังสือใหม่",
    ),
    "idempotency-in-progress": Row(
        409,
        "A submission under this key is still running",
        "คำขอด้วยคีย์นี้กำลังดำเนินการ",
        *_ONCE_MORE,
        retryable=True,
        retry_after=1,
    ),
    "no-receipt-for-this-event": Row(
        404,
        "This event has no receipt",
        "เหตุการณ์นี้ไม่มีใบรับ",
        "Its evidence is there: ask for application/xml.",
        "หลักฐานของเหตุการณ์มีอยู่ ขอได้ด้วย application/xml",
        exposed=True,
    ),
    "not-logged-yet": Row(
        409,
        "No head of the log holds this evidence yet",
        "หลักฐานนี้ยังไม่อยู่ในหัวสมุดบันทึก",
        "It is logged within a minute, mostly within a second.",
        "จะอยู่ในสมุดบันทึกภายในหนึ่งนาที โดยมากภายในหนึ่งวินาที",
        retryable=True,
        retry_after=1,
    ),
    "not-archived-yet": Row(
        409,
        "Not archived yet",
        "ยังไม่ได้เข้าคลังหลักฐานระยะยาว",
        "Its round gets a timestamp within a minute or so; until then the proof serves.",
        "รอบของหลักฐานนี้จะได้รับการประทับเวลาภายในราวหนึ่งนาที ระหว่างนี้ใช้ข้อพิสูจน์จากสมุดบันทึกได้",
        retryable=True,
        retry_after=15,
    ),
    # What is ours.
    "acceptance-not-committed": Row(
        503,
        "The answer could not be recorded in time",
        "บันทึกคำตอบไม่ทันเวลา",
        "Nothing was recorded. Answer again.",
        "ยังไม่มีการบันทึก ส่งคำตอบอีกครั้ง",
        retryable=True,
        retry_after=1,
    ),
    "clock-disagrees": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=5),
    "outcome-unknown": Row(
        503,
        "Not known whether it was recorded",
        "ไม่ทราบว่าบันทึกแล้วหรือไม่",
        "Send the same request again, with the same Idempotency-Key: the answer will be true.",
        "ส่งคำขอเดิมอีกครั้ง ด้วย Idempotency-Key เดิม คำตอบจะบอกผลที่แท้จริง",
        retryable=True,
        retry_after=2,
    ),
    "service-unavailable": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=5),
    "storage-unavailable": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=5),
    "storage-full": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=60),
    "key-unavailable": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=60),
    "unwrap-refused": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=60),
    "sealing-unavailable": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=2),
    "judge-unavailable": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=5),
    "scanner-unavailable": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=5),
    "judge-busy": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=5),
    "receipt-maker-unavailable": Row(
        503, *_UNAVAILABLE, *_ONCE_MORE, retryable=True, retry_after=5
    ),
    "receipt-key-given-up": Row(
        503,
        "The key for receipts was given up or has ended",
        "กุญแจสำหรับใบรับถูกเลิกใช้หรือหมดอายุแล้ว",
        "The operator must rotate the receipt key; to ask again does not help before. "
        "The evidence itself, its proof and the receipts made before are served all the same.",
        "ผู้ให้บริการต้องเปลี่ยนกุญแจสำหรับใบรับก่อน ส่งคำขอซ้ำไม่ช่วย หลักฐานและใบรับที่ออกแล้วยังขอได้ตามปกติ",
    ),
    "conflict": Row(503, *_UNAVAILABLE, *_NOT_KEPT, retryable=True, retry_after=1),
    "commit-unknown": Row(503, *_UNAVAILABLE, *_OURS),
    "log-diverged": Row(503, *_UNAVAILABLE, *_OURS),
    "integrity-failure": Row(
        500, "Stored bytes are damaged; none were given out", "ข้อมูลที่เก็บไว้เสียหาย", *_OURS
    ),
    "segment-missing": Row(500, "Stored bytes are missing", "ข้อมูลที่เก็บไว้สูญหาย", *_OURS),
}
"""Every code that an answer can have."""
