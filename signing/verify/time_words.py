"""Every sentence about timestamps and archive records, in Thai and English."""

from signing.verify.report import Text

TOKEN_DIGEST_HOLDS = Text(
    th="การประทับเวลาเป็นของไฟล์ {name}",
    en="The timestamp is for {name}.",
)
TOKEN_DIGEST_OTHER = Text(
    th="การประทับเวลาเป็นของข้อมูลอื่น ไม่ใช่ {name}",
    en="The timestamp is for other data than {name}.",
)
TOKEN_NO_DATA = Text(
    th="ไม่พบไฟล์ที่ถูกประทับเวลา ({name})",
    en="The data that was timestamped is not there ({name}).",
)
TIMESTAMP_OWN = Text(
    th="ผู้ให้บริการประทับเวลาเอง ({name}): มีหัวนี้แล้วเมื่อ {time:th} ตรวจได้ถึง {until:th}",
    en="The operator's own timestamp ({name}): the head was there at {time:en}; can be checked "
    "until {until:en}.",
)
TIMESTAMP_OUTSIDE = Text(
    th="คนนอกประทับเวลา ({name}): มีหัวนี้แล้วเมื่อ {time:th} ตรวจได้ถึง {until:th}",
    en="An outsider's timestamp ({name}): the head was there at {time:en}; can be checked until "
    "{until:en}.",
)
TOKEN_OWN = Text(
    th="ประทับเวลาโดย {name} ที่เชื่อถือ: มีอยู่แล้วเมื่อ {time:th} ตรวจได้ถึง {until:th}",
    en="Timestamped by {name}, a trusted authority: it was there at {time:en}; can be "
    "checked until {until:en}.",
)
TOKEN_OUTSIDE = Text(
    th="ประทับเวลาโดยคนนอก {name}: มีอยู่แล้วเมื่อ {time:th} ตรวจได้ถึง {until:th}",
    en="Timestamped by an outsider, {name}: it was there at {time:en}; can be checked until "
    "{until:en}.",
)
TIMESTAMP_NONE = Text(
    th="ไม่มีการประทับเวลาของหัวสมุดบันทึกนี้อยู่ข้างไฟล์",
    en="No timestamp of this head lies beside the file.",
)
TIMESTAMP_FUTURE = Text(
    th="การประทับเวลาลงเวลาหลังจากเวลาที่ตรวจ ({time:th})",
    en="The timestamp is from after the time of this check ({time:en}).",
)
TIMESTAMP_ENDED = Text(
    th="การประทับเวลาของ {name} ตรวจได้ถึง {until:th} เท่านั้น เพราะใบรับรองหมดอายุ",
    en="The timestamp of {name} could be checked until {until:en} only, when a certificate ended.",
)
TIMESTAMP_COMPROMISED = Text(
    th="กุญแจของผู้ประทับเวลา {name} ตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} การประทับเวลาจึงไม่นับ",
    en="The key of the timestamp authority {name} is in other hands since {since:en}; its "
    "timestamp does not count.",
)
TIMESTAMP_TOO_EARLY = Text(
    th="{name} ประทับเวลาหัวสมุดบันทึกเมื่อ {time:th} ก่อนเหตุการณ์ที่อ้างว่าบันทึกไว้",
    en="{name} timestamped the head at {time:en}, before the event that it is said to hold.",
)
RECORD_HOLDS = Text(
    th="ระเบียนเก็บถาวร (RFC 4998): มีหลักฐานนี้แล้วเมื่อ {time:th} ประทับเวลาโดย {name} "
    "ตรวจได้ถึง {until:th} โดยไม่ต้องต่ออายุ",
    en="Archive record (RFC 4998): the evidence existed at {time:en}, timestamped by {name}; can "
    "be checked until {until:en} without renewal.",
)
RECORD_BROKEN = Text(
    th="ระเบียนเก็บถาวร (.ers) ไม่ใช่ของหลักฐานนี้ หรือเสียหาย ({why})",
    en="The archive record (.ers) is not this evidence's, or is damaged: {why}.",
)
RECORD_NO_ROOTS = Text(
    th="มีระเบียนเก็บถาวร (.ers) แต่ไม่ทราบว่าใครประทับเวลา",
    en="There is an archive record (.ers), but no trusted root says who timestamped it.",
)
RECORD_UNTRUSTED = Text(
    th="มีระเบียนเก็บถาวร (.ers) แต่ผู้ประทับเวลาไม่ใช่ผู้ที่เชื่อถือ ({why})",
    en="There is an archive record (.ers), but not by a trusted authority: {why}.",
)
RECORD_FUTURE = Text(
    th="ระเบียนเก็บถาวรลงเวลาหลังจากเวลาที่ตรวจ ({time:th})",
    en="The archive record is from after the time of this check ({time:en}).",
)
RECORD_ENDED = Text(
    th="ระเบียนเก็บถาวรตรวจได้ถึง {until:th} เท่านั้น และไม่ได้ต่ออายุก่อนหน้านั้น",
    en="The archive record could be checked until {until:en}, and was not renewed before.",
)
RECORD_COMPROMISED = Text(
    th="กุญแจของผู้ประทับเวลาในระเบียนเก็บถาวรตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} ระเบียนจึงไม่นับ",
    en="A key of the archive record's authority is in other hands since {since:en}; the record "
    "does not count.",
)
RECORD_TOO_EARLY = Text(
    th="ระเบียนเก็บถาวรลงเวลา {time:th} ก่อนเหตุการณ์ในหลักฐาน",
    en="The archive record is older ({time:en}) than the event in the evidence.",
)
TIMESTAMP_NO_ROOTS = Text(
    th="มีการประทับเวลา แต่ไม่ทราบว่าใครประทับ",
    en="There is a timestamp, but no trusted root says by whom.",
)
TIMESTAMP_UNTRUSTED = Text(
    th="มีการประทับเวลา แต่ผู้ประทับไม่ใช่ผู้ที่เชื่อถือ ({why})",
    en="There is a timestamp, but not by a trusted authority: {why}.",
)
TIMESTAMP_BROKEN = Text(
    th="การประทับเวลาไม่ถูกต้อง ({why})",
    en="The timestamp does not hold: {why}.",
)
TOKEN_SCHEMA_HOLDS = Text(
    th="รูปแบบการประทับเวลาถูกต้องตาม RFC 3161",
    en="The token is in its form (RFC 3161).",
)
TOKEN_SCHEMA_BROKEN = Text(
    th="ไม่ใช่การประทับเวลาในรูปแบบที่ถูกต้อง ({why})",
    en="Not a timestamp in its form: {why}.",
)
TOKEN_UNREAD = Text(
    th="ตรวจไม่ได้ เพราะอ่านการประทับเวลาไม่ได้",
    en="Cannot be checked, because the token cannot be read.",
)
RECORD_SCHEMA_HOLDS = Text(
    th="รูปแบบระเบียนเก็บถาวรถูกต้องตาม RFC 4998",
    en="The archive record is in its form (RFC 4998).",
)
RECORD_SCHEMA_BROKEN = Text(
    th="ไม่ใช่ระเบียนเก็บถาวรในรูปแบบที่ถูกต้อง ({why})",
    en="Not an archive record in its form: {why}.",
)
