"""Sentences about trust files and their changes, Thai and English. No rule is decided here."""

from signing.verify.report import Text

SEAL_ROOT = Text(th="รากของตราประทับ", en="root of seals")
TSA_ROOT = Text(th="รากของการประทับเวลาของผู้ให้บริการ", en="root of the operator's timestamps")
DROPPED = Text(
    th="ไม่รับ: ไฟล์ใหม่ตัด {what} {name} ออก โดยไม่บอกว่ารั่วไหล หลักฐานเดิมอาจตรวจไม่ได้อีก "
    "หรือการประทับเวลาของผู้ให้บริการเองอาจนับเป็นของคนนอก ถามเหตุผลทางช่องทางอื่นก่อน ถ้ายอมรับให้ระบุ "
    "--drop {digits}",
    en="REFUSED: the new file drops the {what} {name} and does not say that it is compromised. Old "
    "evidence may no longer verify, or the operator's own timestamps may count as an outsider's. "
    "Ask why by another channel; to accept it, name it: --drop {digits}",
)
DROPPED_AS_TOLD = Text(
    th="!!! ตัดออกโดยไม่บอกว่ารั่วไหล ตามที่ท่านระบุ --drop: {what} {name}",
    en="!!! DROPPED without a word of compromise, as you named it by --drop: {what} {name}",
)
OUTSIDE_ROOT = Text(th="รากของผู้ประทับเวลาภายนอก", en="root of an outside authority")
LOG_KEY = Text(th="กุญแจของสมุดบันทึก", en="key of the log")
WITNESS = Text(th="กุญแจของพยาน", en="key of a witness")
COMPROMISED = Text(th="กุญแจที่รั่วไหล", en="compromised key")
ONE = Text(th="{what}: {name}", en="{what}: {name}")
ADDED = Text(th="เพิ่ม {what}: {name}", en="added: {what} {name}")
REMOVED = Text(th="ตัดออก {what}: {name}", en="removed: {what} {name}")
THRESHOLD = Text(
    th="จำนวนพยานที่ต้องมี {old} เป็น {new}", en="witnesses that are needed: {new} instead of {old}"
)
OTHER_FILE = Text(
    th="หลักฐานนี้เป็นของไฟล์ความเชื่อถืออื่น", en="The proof is for another trust file than the new one."
)
NO_PUBLICATION = Text(
    th="รายการในสมุดบันทึกนี้ไม่ใช่การเผยแพร่ไฟล์ความเชื่อถือ",
    en="The entry in this proof does not publish a trust file.",
)
PROOF_BROKEN = Text(th="อ่านหลักฐานไม่ได้ ({why})", en="The proof cannot be read: {why}.")
NO_LOG = Text(
    th="ไฟล์เดิมไม่รู้จักกุญแจของสมุดบันทึก", en="The old trust file names no log whose word counts."
)
LOG_LOST = Text(
    th="ตามไฟล์เดิม กุญแจของสมุดบันทึกตกอยู่ในมือผู้อื่นแล้ว ต้องรับไฟล์ใหม่ทางช่องทางอื่น",
    en="By the old trust file the log's key is in other hands: its word for a new file does not "
    "count. Get the new file by another channel.",
)
OLDER = Text(
    th="ไฟล์ใหม่เป็นรุ่น {new} แต่รุ่นที่มีอยู่คือ {old}",
    en="The new file is version {new}, and version {old} is known already.",
)
SEVERAL_LOGS = Text(
    th="ไฟล์เดิมเชื่อสมุดบันทึกอื่นนอกจาก {origin} ด้วย ผู้ให้บริการรายเดียวเปลี่ยนทั้งไฟล์ไม่ได้",
    en="The old file believes other logs than {origin} too: one operator cannot replace all of it.",
)
OTHER_LOG = Text(
    th="ไฟล์ใหม่เชื่อสมุดบันทึกอื่นนอกจาก {origin}", en="The new file believes other logs than {origin}."
)
FORGOTTEN = Text(
    th="ไฟล์ใหม่ลืมว่ากุญแจ {key} รั่วไหล หรือเลื่อนเวลาออกไป",
    en="The new file forgets that the key {key} is compromised, or says later since when.",
)
