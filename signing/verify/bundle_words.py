"""What is said about bundles, in Thai and English."""

from signing.verify.report import Text

SCHEMA_HOLDS = Text(
    th="รูปแบบชุดหลักฐานถูกต้อง (ASiC-E) มี {count} ไฟล์ ไม่มีข้อมูลอื่นแฝงอยู่",
    en="The bundle is in its form (ASiC-E): {count} files, and nothing beside or between them.",
)
SCHEMA_BROKEN = Text(
    th="ไม่ใช่ชุดหลักฐานในรูปแบบที่ถูกต้อง ({why})",
    en="Not a bundle in its form: {why}.",
)
MANIFEST_HOLDS = Text(
    th="ทุกไฟล์ ({count}) ตรงกับค่าแฮชในรายการที่ประทับตรา",
    en="All {count} files have the digests of the sealed manifest.",
)
MANIFEST_OTHER = Text(
    th="ไฟล์ {name} ไม่ตรงกับรายการที่ประทับตรา",
    en="{name} is not the file that the sealed manifest names.",
)
SEAL_HOLDS = Text(
    th="ตราประทับอยู่เหนือรายการไฟล์ทั้งหมดของชุดนี้",
    en="The seal is over exactly the manifest of this bundle.",
)
SEAL_BROKEN = Text(
    th="ตราประทับของชุดหลักฐานไม่ถูกต้อง ({why})",
    en="The seal of the bundle does not hold: {why}.",
)
CERTIFICATE_HOLDS = Text(
    th="ใบรับรองของตราประทับชุดหลักฐานมาจากผู้ที่เชื่อถือ",
    en="The certificate of the bundle's seal leads to a trusted root.",
)
CERTIFICATE_PROVEN = Text(
    th="ใบรับรองของตราประทับชุดหลักฐานใช้ไม่ได้แล้ว แต่ประทับไว้ก่อนหน้านั้น ยืนยันโดย{name:th} เมื่อ {time:th}",
    en="The certificate of the bundle's seal does not count any more, but it was sealed before, "
    "at {time:en}: so says {name:en}.",
)
CERTIFICATE_BROKEN = Text(
    th="ใบรับรองของตราประทับชุดหลักฐานไม่ได้มาจากผู้ที่เชื่อถือ ({why})",
    en="The certificate of the bundle's seal does not lead to a trusted root: {why}.",
)
CERTIFICATE_ENDED = Text(
    th="ใบรับรองของตราประทับชุดหลักฐานใช้ไม่ได้ในเวลาที่ตรวจ และไม่มีสิ่งที่แสดงว่าประทับไว้ก่อน "
    "ขอชุดใหม่ได้ ผลตรวจหลักฐานแต่ละฉบับข้างล่างไม่ขึ้นกับตราประทับนี้",
    en="The certificate of the bundle's seal does not hold at the time of this check, and nothing "
    "shows that it was sealed while it did. Ask for a new bundle; what is said below of each "
    "evidence does not rest on this seal.",
)
CERTIFICATE_COMPROMISED = Text(
    th="กุญแจของตราประทับชุดหลักฐานรั่วไหลตั้งแต่ {since:th} และไม่มีคนนอกยืนยันว่าประทับไว้ก่อน",
    en="The key of the bundle's seal is in other hands since {since:en}, "
    "and no outsider shows that it sealed before.",
)
CERTIFICATE_OF_ANOTHER = Text(
    th="ชุดนี้ประทับตราโดย {own} แต่หลักฐานข้างในประทับโดย {other} จึงไม่ใช่ชุดหลักฐานของผู้ให้บริการ",
    en="This bundle is sealed by {own}, and the evidence inside by {other}: it is no bundle of "
    "the operator's.",
)
CERTIFICATE_UNREAD = Text(
    th="ตรวจใบรับรองไม่ได้ เพราะตราประทับของชุดหลักฐานไม่ถูกต้อง",
    en="The certificate cannot be checked, because the seal of the bundle does not hold.",
)
CERTIFICATE_NO_ROOTS = Text(
    th="ไม่ทราบว่าใครประทับตราชุดหลักฐาน ไม่มีไฟล์ความเชื่อถือ (--trust)",
    en="Who sealed the bundle cannot be told without a trust file (--trust).",
)
EACH = Text(th="หลักฐาน {which}: {text}", en="Evidence {which}: {text}")
NO_EVIDENCE = Text(th="ไม่มีหลักฐานอยู่ในชุดนี้", en="There is no evidence in the bundle.")
SEVERAL_DELIVERIES = Text(
    th="หลักฐานในชุดนี้ไม่ใช่ของการนำจ่ายเดียวกัน",
    en="The evidences in the bundle are not of one delivery.",
)
OTHER_NAME = Text(
    th="ชื่อไฟล์ {name} ไม่ตรงกับเหตุการณ์ในหลักฐาน",
    en="{name} is named after another event than the one in it.",
)
FIRST_MISSING = Text(
    th="ขาดหลักฐานลำดับที่ 1 ของการนำจ่ายนี้",
    en="Number 1 of this delivery is missing in the bundle.",
)
DOCUMENTS_HOLD = Text(
    th="เอกสารทั้ง {count} ฉบับคือเอกสารที่หลักฐานระบุ",
    en="The documents, {count} of {count}, are those that the evidence names.",
)
DOCUMENT_OTHER = Text(
    th="เอกสาร {name} ไม่ใช่เอกสารที่หลักฐานระบุ",
    en="{name} is not the document that the evidence names.",
)
DOCUMENTS_NONE = Text(
    th="ชุดนี้มีเฉพาะหลักฐาน ไม่มีเอกสาร ({names}) ค่าแฮชของเอกสารอยู่ในหลักฐาน",
    en="Evidence only: the documents ({names}) are not in the bundle; "
    "their digests are in the evidence.",
)
DOCUMENTS_UNREAD = Text(
    th="ตรวจเอกสารไม่ได้ เพราะหลักฐานเชื่อถือไม่ได้",
    en="The documents cannot be checked, because no evidence stands.",
)
ENVELOPE_HOLDS = Text(
    th="ข้อความหน้าซองคือข้อความที่หลักฐานระบุ",
    en="The envelope is the one that the evidence names.",
)
ENVELOPE_OTHER = Text(
    th="ข้อความหน้าซองไม่ใช่ข้อความที่หลักฐานระบุ",
    en="The envelope is not the one that the evidence names.",
)
ENVELOPE_UNNAMED = Text(
    th="หลักฐานรุ่นนี้ไม่ได้ระบุค่าแฮชของหน้าซอง มีเพียงตราประทับของชุดนี้",
    en="The evidence does not name the envelope: only the bundle's seal vouches for it.",
)
REPORT_OTHER = Text(
    th="รายงาน {name} ไม่ใช่รายงานที่หลักฐานระบุ",
    en="{name} is not the report that the evidence names.",
)
REPORTS_HOLD = Text(
    th="รายงานผลตรวจลายมือชื่อ {count} ฉบับคือรายงานที่หลักฐานระบุ",
    en="The reports on signatures, {count} of them, are those that the evidence names.",
)
RECEIPT_HOLDS = Text(
    th="ใบรับ {name} ตรวจแยกแล้ว ถูกต้อง และเป็นของหลักฐานในชุดนี้",
    en="{name} is a valid receipt by itself, of an evidence in the bundle.",
)
RECEIPT_BROKEN = Text(
    th="ใบรับ {name} ตรวจแยกแล้ว ไม่ถูกต้อง: {why}", en="{name} is no valid receipt by itself. {why}"
)
RECEIPT_UNTOLD = Text(
    th="ใบรับ {name} ตรวจแยกแล้ว ยังบอกไม่ได้: {why}",
    en="Whether {name} is a valid receipt by itself cannot be told. {why}",
)
RECEIPT_OTHER = Text(
    th="ใบรับ {name} ไม่ใช่ของหลักฐานในชุดนี้", en="{name} is a receipt of no evidence in the bundle."
)
