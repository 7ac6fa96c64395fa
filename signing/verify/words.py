"""Every sentence that a verification can say, in Thai and English. No rule is decided here."""

from signing.verify.report import Text
from signing.verify.spoken import Spoken

SCHEMA_HOLDS = Text(
    th="รูปแบบหลักฐานถูกต้องตาม EN 319 522",
    en="The evidence is in its one form (EN 319 522).",
)
SCHEMA_BROKEN = Text(
    th="ไม่ใช่หลักฐานในรูปแบบที่ถูกต้อง ({why})",
    en="Not an evidence in its one form: {why}.",
)

SEAL_HOLDS = Text(
    th="ตราประทับครบถ้วน หลักฐานไม่ถูกแก้ไขหลังประทับ",
    en="The seal is intact: nothing was changed after it was made.",
)
SEAL_BROKEN = Text(
    th="ตราประทับไม่ถูกต้อง หลักฐานอาจถูกแก้ไข ({why})",
    en="The seal does not hold: {why}.",
)
SEAL_UNREAD = Text(
    th="ตรวจตราประทับไม่ได้ เพราะอ่านหลักฐานไม่ได้",
    en="The seal cannot be checked, because the evidence cannot be read.",
)

CERTIFICATE_HOLDS = Text(
    th="ใบรับรองของตราประทับออกโดยผู้ที่เชื่อถือ และใช้ได้ในเวลาของเหตุการณ์",
    en="The seal's certificate leads to a trusted root and was valid at the time of the event.",
)
CERTIFICATE_PROVEN = Text(
    th="ใบรับรองของตราประทับหมดอายุแล้ว แต่ {name:th} ยืนยันว่ามีหลักฐานนี้แล้วเมื่อ {time:th} ก่อนหมดอายุ",
    en="The seal's certificate has ended since, but the evidence existed at {time:en}, before "
    "that: so says {name:en}.",
)
CERTIFICATE_ANCHORED = Text(
    th="กุญแจของตราประทับตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} "
    "แต่คนนอกยืนยันว่ามีหลักฐานนี้แล้วเมื่อ {time:th} ({name:th}) จึงยังใช้ได้",
    en="The seal's key is in other hands since {since:en}; still valid, because an outsider proves "
    "that the evidence existed before, at {time:en}: {name:en}.",
)
CERTIFICATE_COMPROMISED = Text(
    th="กุญแจของตราประทับตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} และไม่มีคนนอกยืนยันว่ามีหลักฐานนี้ก่อนหน้านั้น ใครก็อาจทำขึ้นได้",
    en="The seal's key is in other hands since {since:en}, and no outsider proves that the "
    "evidence existed before: anybody may have made it.",
)
CERTIFICATE_ENDED = Text(
    th="ใบรับรองของตราประทับหมดอายุแล้ว และไม่มีการประทับเวลายืนยันว่าประทับก่อนหมดอายุ",
    en="The seal's certificate has ended, and no timestamp proves that the seal was made before.",
)
CERTIFICATE_BROKEN = Text(
    th="ใบรับรองของตราประทับไม่ได้ออกโดยผู้ที่เชื่อถือ ({why})",
    en="The seal's certificate is not to be trusted: {why}.",
)
CERTIFICATE_NO_ROOTS = Text(
    th="ไม่ทราบว่าใครเป็นเจ้าของตราประทับ ไม่มีไฟล์ความเชื่อถือ (--trust)",
    en="Whose seal this is cannot be told without a trust file (--trust).",
)
CERTIFICATE_NO_SEAL = Text(
    th="ตรวจใบรับรองไม่ได้ เพราะไม่มีตราประทับที่ถูกต้อง",
    en="The certificate cannot be checked without a seal that holds.",
)
CERTIFICATE_FUTURE = Text(
    th="หลักฐานลงเวลาหลังจากเวลาที่ตรวจ จึงยังบอกไม่ได้",
    en="The evidence bears a time after the time of this check; nothing can be said yet.",
)

DIGEST_HOLDS = Text(
    th="รายการในสมุดบันทึกตรงกับหลักฐานนี้ทุกไบต์",
    en="The entry of the log, made again from this evidence, is the one in the proof.",
)
DIGEST_OTHER_BYTES = Text(
    th="ไบต์ของหลักฐานไม่ตรงกับค่าแฮชในรายการของสมุดบันทึก",
    en="The bytes of the evidence do not have the digest that the log's entry names.",
)
DIGEST_OTHER_ENTRY = Text(
    th="รายการในหลักฐานพิสูจน์ไม่ตรงกับที่สร้างใหม่จากหลักฐาน",
    en="The entry in the proof is not the one that this evidence makes.",
)
DIGEST_NO_ENTRY = Text(
    th="หลักฐานพิสูจน์ไม่มีรายการของสมุดบันทึกให้เปรียบเทียบ",
    en="The proof brings no entry to compare with.",
)
DIGEST_UNREAD = Text(
    th="สร้างรายการของสมุดบันทึกใหม่ไม่ได้ เพราะอ่านหลักฐานไม่ได้",
    en="The entry cannot be made again, because the evidence cannot be read.",
)
ENVELOPE_HOLDS = Text(
    th="ซองหนังสือ (envelope.json) ตรงกับที่ประทับไว้ในหลักฐาน",
    en="envelope.json is the letter's envelope whose digest is sealed in the evidence.",
)
ENVELOPE_OTHER = Text(
    th="ซองหนังสือ (envelope.json) ไม่ตรงกับที่ประทับไว้ในหลักฐาน",
    en="envelope.json is not the envelope whose digest is sealed in the evidence.",
)

NO_PROOF = Text(
    th="ไม่พบหลักฐานพิสูจน์จากสมุดบันทึก ({name})",
    en="There is no proof from the log beside it ({name}).",
)
PROOF_BROKEN = Text(
    th="อ่านหลักฐานพิสูจน์จากสมุดบันทึกไม่ได้ ({why})",
    en="The proof from the log cannot be read: {why}.",
)
PROOF_SCHEMA_HOLDS = Text(
    th="รูปแบบหลักฐานพิสูจน์ถูกต้องตาม c2sp.org/tlog-proof",
    en="The proof is in its form (c2sp.org/tlog-proof@v1).",
)
PROOF_SCHEMA_BROKEN = Text(
    th="ไม่ใช่หลักฐานพิสูจน์ในรูปแบบที่ถูกต้อง ({why})",
    en="Not a proof in its form: {why}.",
)
HEAD_SCHEMA_HOLDS = Text(
    th="รูปแบบหัวสมุดบันทึกถูกต้องตาม c2sp.org/tlog-checkpoint",
    en="A head of a log in its form (c2sp.org/tlog-checkpoint).",
)
HEAD_SCHEMA_BROKEN = Text(
    th="ไม่ใช่หัวสมุดบันทึกในรูปแบบที่ถูกต้อง ({why})",
    en="Not a head of a log in its form: {why}.",
)
INCLUSION_HOLDS = Text(
    th="สมุดบันทึกขนาด {size} รายการมีรายการนี้ ลำดับที่ {index} นับจาก 0",
    en="The log of {size} entries holds this one, number {index} from 0.",
)
INCLUSION_BROKEN = Text(
    th="หัวสมุดบันทึกไม่มีรายการนี้ ({why})",
    en="The head of the log does not hold this entry: {why}.",
)
INCLUSION_UNREAD = Text(
    th="ตรวจไม่ได้ว่าอยู่ในสมุดบันทึก เพราะไม่มีรายการ",
    en="Whether the log holds it cannot be checked without its entry.",
)

CHECKPOINT_HOLDS = Text(
    th="หัวสมุดบันทึกลงนามโดย {origin}",
    en="The head is signed by the log {origin}.",
)
CHECKPOINT_BROKEN = Text(
    th="หัวสมุดบันทึกไม่ได้ลงนามโดยสมุดที่เชื่อถือ ({why})",
    en="The head is not signed by a trusted log: {why}.",
)
CHECKPOINT_OTHER_LOG = Text(
    th="หัวเป็นของสมุดบันทึก {origin} ไม่ใช่ {wanted} ที่ระบุในหลักฐาน",
    en="The head is of the log {origin}, not of {wanted} that the evidence names.",
)
CHECKPOINT_ANCHORED = Text(
    th="หัวสมุดบันทึกลงนามโดย {origin} กุญแจตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} "
    "แต่คนนอกยืนยันว่ามีหัวนี้แล้วเมื่อ {time:th} ({name:th}) จึงยังใช้ได้",
    en="The head is signed by the log {origin}. Its key is in other hands since {since:en}; still "
    "valid, because an outsider proves that the head existed before, at {time:en}: {name:en}.",
)
CHECKPOINT_COMPROMISED = Text(
    th="กุญแจของสมุดบันทึก {origin} ตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} และไม่มีคนนอกยืนยันว่ามีหัวนี้ก่อนหน้านั้น",
    en="The key of the log {origin} is in other hands since {since:en}, and no outsider proves "
    "that the head existed before.",
)
CHECKPOINT_FORK = Text(
    th="สมุดบันทึกถูกแยกเป็นสองฉบับ! {origin} ลงนามหัวที่ขัดกันเองใน {file} และ {other} ({why:th}) "
    "ผู้ให้บริการแสดงสมุดคนละฉบับแก่คนละคน เก็บทั้งสองไฟล์ไว้เป็นหลักฐาน",
    en="THE LOG IS FORKED: {origin} signed heads that contradict each other, in {file} and in "
    "{other} ({why:en}). It shows different logs to different people: keep both files, "
    "they prove it.",
)
FORK_SAME_SIZE = Spoken(
    "ขนาด {size} รายการเท่ากัน แต่รากต่างกัน", "both of {size} entries, with different roots"
)
FORK_ENTRY = Spoken(
    "รายการเดียวกันของสมุดมีเนื้อหาต่างกัน", "the same place of the log holds different entries"
)
FORK_HISTORY = Spoken("หัวที่ใหญ่กว่าไม่ได้ต่อจากหัวที่เล็กกว่า", "the larger does not continue the smaller")
CHECKPOINT_NO_KEYS = Text(
    th="ไม่ทราบว่าใครลงนามหัวสมุดบันทึก ไม่มีไฟล์ความเชื่อถือ (--trust)",
    en="Who signed the head cannot be told without a trust file (--trust).",
)

ANCHOR_HOLDS = Text(
    th="คนนอกรับรองหัวสมุดบันทึกนี้แล้ว: {who:th}",
    en="Anchored by {who:en}.",
)
ANCHOR_NONE = Text(
    th="มีเพียงคำยืนยันของผู้ให้บริการ ยังไม่มีคนนอกรับรองหัวสมุดบันทึก",
    en="Operator's word only: no outsider has anchored a head that holds the entry.",
)
ANCHOR_FUTURE = Text(
    th="มีเพียงคำยืนยันของผู้ให้บริการ คำรับรองของ {name} ลงเวลาหลังจากเวลาที่ตรวจ ({time:th})",
    en="Operator's word only: what {name} says is from after the time of this check ({time:en}).",
)
ANCHOR_COMPROMISED = Text(
    th="มีเพียงคำยืนยันของผู้ให้บริการ กุญแจของ {name} ตกอยู่ในมือผู้อื่นตั้งแต่ {since:th} คำรับรองจึงไม่นับ",
    en="Operator's word only: the key of {name} is in other hands since {since:en}, and no longer "
    "vouches for anything.",
)
ANCHOR_TOO_FEW = Text(
    th="คนนอกที่รับรองหัวสมุดบันทึกยังไม่ครบ: พยาน {count} จาก {wanted} ราย ({who:th})",
    en="Not enough outsiders: {count} of {wanted} witnesses cosigned the head ({who:en}).",
)
ANCHOR_POLICY = Text(
    th="คนนอกที่รับรองหัวสมุดบันทึกไม่ครบตามนโยบายพยาน ({who:th})",
    en="The witness policy is not met: the head is vouched for by {who:en}.",
)
ANCHOR_POLICY_NONE = Text(
    th="มีเพียงคำยืนยันของผู้ให้บริการ ไม่มีพยานตามนโยบายลงนามร่วม",
    en="Operator's word only: no witness of the policy cosigned the head.",
)
ANCHOR_POLICY_OTHER_LOG = Text(
    th="นโยบายพยานเป็นของสมุดบันทึกอื่น ไม่ใช่ {origin}",
    en="The witness policy is for other logs than {origin}.",
)
ANCHOR_BROKEN = Text(
    th="ลายมือชื่อร่วมของพยานไม่ถูกต้อง ({why})",
    en="A witness's cosignature does not hold: {why}.",
)
ANCHOR_TOO_EARLY = Text(
    th="{name} รับรองหัวสมุดบันทึกเมื่อ {time:th} ก่อนเหตุการณ์ที่อ้างว่าบันทึกไว้",
    en="{name} vouched for the head at {time:en}, before the event that it is said to hold.",
)
BY_WITNESS = Spoken("พยาน {name} ({time:th})", "the witness {name} ({time:en})")
BY_AUTHORITY = Spoken("การประทับเวลาของ {name} ({time:th})", "the timestamp of {name} ({time:en})")
BY_OWN_AUTHORITY = Spoken(
    "การประทับเวลาของผู้ให้บริการเอง {name}", "the operator's own timestamp ({name})"
)
BY_OUTSIDE_AUTHORITY = Spoken("การประทับเวลาของ {name}", "the timestamp of {name}")
BY_WITNESSES = Spoken("พยาน {name}", "the witness {name}")
BY_RECORD = Spoken("ระเบียนเก็บถาวรโดย {name}", "the archive record of {name}")
NOBODY = Spoken("ไม่มีใคร", "nobody")


SEQUENCE_HOLDS = Text(
    th="เหตุการณ์ {event} เป็นลำดับที่ {number} ของการนำจ่ายได้",
    en="{event} can be number {number} of its delivery.",
)
SEQUENCE_TOGETHER = Text(
    th="หลักฐาน {count} ฉบับของการนำจ่ายนี้ต่อเนื่องและไม่ขัดกัน",
    en="The {count} evidences of this delivery follow one another and do not contradict.",
)
SEQUENCE_BROKEN = Text(
    th="ลำดับเหตุการณ์ขัดกัน ({why})",
    en="The events contradict each other: {why}.",
)
SEQUENCE_GAP = Text(
    th="ขาดหลักฐานลำดับที่ {missing} ของการนำจ่ายนี้",
    en="Number {missing} of this delivery is missing between the evidences given.",
)
SEQUENCE_UNREAD = Text(
    th="ตรวจลำดับไม่ได้ เพราะหลักฐานนี้เชื่อถือไม่ได้",
    en="The sequence cannot be checked, because this evidence does not stand.",
)

UNKNOWN_KIND = Text(
    th="ไม่ใช่ไฟล์ชนิดที่โปรแกรมนี้รู้จัก",
    en="No kind of file that this program knows.",
)
