"""Every sentence that a verification can say, in Thai and English. No rule is decided here."""

from signing.verify.report import Text

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
    th="ใบรับรองของตราประทับหมดอายุแล้ว แต่มีการประทับเวลายืนยันว่ามีหลักฐานนี้ตั้งแต่ {time} ก่อนหมดอายุ",
    en="The seal's certificate has ended since; a timestamp of {time} proves that "
    "the evidence was there before.",
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
CHECKPOINT_NO_KEYS = Text(
    th="ไม่ทราบว่าใครลงนามหัวสมุดบันทึก ไม่มีไฟล์ความเชื่อถือ (--trust)",
    en="Who signed the head cannot be told without a trust file (--trust).",
)

ANCHOR_NONE = Text(
    th="มีเพียงคำยืนยันของผู้ให้บริการ ยังไม่มีคนนอกรับรองหัวสมุดบันทึก",
    en="Operator's word only: no outsider has anchored a head that holds the entry.",
)

TIMESTAMP_HOLDS = Text(
    th="ประทับเวลาโดยผู้ที่เชื่อถือ: มีอยู่แล้วเมื่อ {time}",
    en="Timestamped by a trusted authority: it was there at {time}.",
)
TIMESTAMP_NONE = Text(
    th="ไม่มีการประทับเวลาของหัวสมุดบันทึกนี้อยู่ข้างไฟล์",
    en="No timestamp of this head lies beside the file.",
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
TIMESTAMP_FUTURE = Text(
    th="การประทับเวลาลงเวลาหลังจากเวลาที่ตรวจ ({time})",
    en="The timestamp is from after the time of this check ({time}).",
)
TIMESTAMP_TOO_EARLY = Text(
    th="หัวสมุดบันทึกเก่ากว่าเหตุการณ์ที่อ้างว่าบันทึกไว้ ({time})",
    en="The head is older ({time}) than the event that it is said to hold.",
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

LATER_RECEIPT = Text(
    th="โปรแกรมรุ่นนี้ยังตรวจใบรับ (PDF) ไม่ได้",
    en="Receipts (PDF) are not checked by this version.",
)
LATER_BUNDLE = Text(
    th="โปรแกรมรุ่นนี้ยังตรวจชุดหลักฐาน (.asice) ไม่ได้",
    en="Bundles (.asice) are not checked by this version.",
)
UNKNOWN_KIND = Text(
    th="ไม่ใช่ไฟล์ชนิดที่โปรแกรมนี้รู้จัก",
    en="No kind of file that this program knows.",
)
