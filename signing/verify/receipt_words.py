"""What is said about a receipt (PDF), in both languages. Nothing else writes these sentences."""

from signing.verify.report import Text

FORM_HOLDS = Text(
    th="เป็นใบรับ ฉบับที่ {edition} ของหลักฐาน {number} มีหลักฐานแนบ {files} ไฟล์",
    en="A receipt, edition {edition}, of the evidence {number}, with {files} files inside.",
)
OTHER_PDF = Text(
    th="ไม่มีหลักฐานแนบใน PDF นี้ จึงไม่ใช่ใบรับ ถ้าเป็นหนังสือที่ลงลายมือชื่อ ใช้ tdh validate",
    en="There is no evidence inside this PDF, so it is no receipt; a signed letter is judged by "
    "tdh validate.",
)
FORM_BROKEN = Text(th="ไม่ใช่ใบรับของระบบนี้ ({why})", en="This is no receipt: {why}.")
SEAL_HOLDS = Text(
    th="ตราประทับครอบคลุมหน้ากระดาษและไฟล์แนบทั้งหมด ไม่มีสิ่งใดเพิ่มภายหลังนอกจากตราประทับเวลา",
    en="The receipt's seal covers the page and every file inside; only its timestamp came later.",
)
SEAL_BROKEN = Text(th="ตราประทับของใบรับใช้ไม่ได้: {th}", en="The receipt's seal does not hold: {en}")
SEAL_UNTOLD = Text(
    th="ยังบอกไม่ได้ว่าตราประทับของใบรับใช้ได้หรือไม่: {th}",
    en="Whether the receipt's seal holds cannot be told: {en}",
)
CERTIFICATE_HOLDS = Text(
    th="ใบรับรองของกุญแจใบรับเชื่อมถึงผู้ให้บริการที่เชื่อถือ และออกให้ใช้กับใบรับ",
    en="The receipt key's certificate leads to a trusted root, and is for receipts.",
)
CERTIFICATE_NO_ROOTS = Text(
    th="ไม่ทราบว่าเชื่อถือผู้ให้บริการรายใด จึงตรวจใบรับรองของใบรับไม่ได้",
    en="No trusted root is given, so nobody vouches for the receipt key.",
)
CERTIFICATE_BROKEN = Text(
    th="ใบรับรองของกุญแจใบรับไม่เชื่อมถึงผู้ให้บริการที่เชื่อถือ ({why})",
    en="The receipt key's certificate does not lead to a trusted root: {why}.",
)
CERTIFICATE_ENDED = Text(
    th="ใบรับรองของกุญแจใบรับหมดอายุแล้ว และตราประทับเวลาของใบรับก็พ้นกำหนดตรวจแล้ว ขอใบรับฉบับใหม่ได้",
    en="The receipt key's certificate has ended, and so has the time in which the receipt's own "
    "timestamp can be checked. Ask for a new edition.",
)
CERTIFICATE_OTHER_USE = Text(
    th="ใบรับรองที่ใช้ไม่ได้ออกให้ใช้กับใบรับ",
    en="The certificate is for another use than receipts.",
)
CERTIFICATE_COMPROMISED = Text(
    th="กุญแจของใบรับตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} ขอใบรับฉบับใหม่ได้ หลักฐานที่แนบตรวจแยกต่างหากข้างล่าง",
    en="The receipt key is in other hands since {since:en}. Ask for a new edition; the evidence "
    "inside is checked by itself below.",
)
CERTIFICATE_OF_ANOTHER = Text(
    th="ใบรับนี้ประทับตราโดย {own} แต่หลักฐานที่แนบประทับโดย {other} จึงไม่ใช่ใบรับของผู้ให้บริการ",
    en="This receipt is sealed by {own}, and the evidence inside by {other}: it is no receipt of "
    "the operator's.",
)
PAGE_HOLDS = Text(
    th="สร้างหน้ากระดาษใหม่จากหลักฐานที่แนบแล้ว ตรงกันทุกไบต์",
    en="The page was made again from the files inside: it is the same, byte for byte.",
)
PAGE_DIFFERS = Text(
    th="หน้ากระดาษไม่ตรงกับหลักฐานที่แนบ อย่าเชื่อข้อความบนหน้ากระดาษ",
    en="The page is not what the files inside make: do not believe its words.",
)
PAGE_OTHER_VERSION = Text(
    th="หน้ากระดาษสร้างด้วยรุ่นอื่น ({made_with}) จึงเทียบไม่ได้ ข้อความบนหน้ากระดาษเป็นเพียงคำของผู้ให้บริการ "
    "ไม่มีสิ่งใดพิสูจน์ ให้ยึดหลักฐานที่แนบซึ่งตรวจแล้วข้างล่าง และเทียบกับหน้ากระดาษด้วยตนเอง",
    en="The page was made by another version ({made_with}) and cannot be made again here: the "
    "words on this page are the operator's only, and nothing proves them. What counts is the "
    "evidence inside, checked below: compare the page with what it says.",
)
EVIDENCE_SAYS = Text(
    th="หลักฐานที่แนบกล่าวว่า: {event} เมื่อ {time:th} หนังสือที่ {letter} จาก {sender:th} ถึง {recipients:th}",
    en="The evidence inside says: {event}, at {time:en}, letter {letter}, from {sender:en} to "
    "{recipients:en}.",
)
CLAIM_OF_TIME = Text(
    th="เวลาประทับที่พิมพ์บนหน้ากระดาษไม่ใช่เวลาในการประทับเวลาที่แนบ อย่าเชื่อข้อความบนหน้ากระดาษ",
    en="The page tells times of timestamps that those inside do not say: do not believe it.",
)
CLAIM_OF_ANCHOR = Text(
    th="หน้ากระดาษบอกว่ามีคนนอกรับรองแล้ว แต่ไม่มีผู้ที่ท่านเชื่อถือรับรอง",
    en="The page says that outsiders anchored it; nobody whom you trust did.",
)
CLAIM_OF_ROOT = Text(
    th="รากของตราประทับที่พิมพ์บนหน้ากระดาษไม่ใช่รากที่ท่านเชื่อถือ",
    en="The page prints the fingerprint of another root than those that you trust.",
)
