"""The read-me of a bundle in two languages: what is inside, and how to check it with what programs.

The commands are real: a test runs them as they are written here. Where anchors come from is said
first, because a bundle that brings its own proves nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What of a bundle the text speaks of."""

    stream: str
    evidences: tuple[str, ...]
    """Names without suffix."""
    documents: tuple[str, ...]
    """Names in the container; none in a bundle of evidence only."""


COMMANDS = """\
    tdh verify --trust trust.json {file}

    python3 tdh_verify.py --trust trust.json {file}

    python3 -c "import json; print(*json.load(open('trust.json'))['seal_roots'], sep='')" \\
      > seal-roots.pem
    unzip -tq {file}
    unzip -Z1 {file} | head -1
    unzip -oq {file} -d bundle && cd bundle
    openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s \\
      -content META-INF/ASiCManifest001.xml -CAfile ../seal-roots.pem -purpose any -out /dev/null
    xmlsec1 --verify --trusted-pem ../seal-roots.pem \\
      --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties evidence/{evidence}.xml
    openssl dgst -sha256 -binary evidence/{evidence}.xml | openssl base64
    grep -F evidence/{evidence}.xml META-INF/ASiCManifest001.xml
"""


def thai(told: Told) -> str:
    """The text in Thai."""
    documents = _listed(told.documents) or "  (ไม่มี ชุดนี้มีเฉพาะหลักฐาน เนื้อหาเอกสารไม่ได้อยู่ในชุดนี้)\n"
    return f"""\
ชุดหลักฐานการรับส่งเอกสารอิเล็กทรอนิกส์ลงทะเบียน  {told.stream}

สิ่งที่อยู่ในชุดนี้
  evidence/     หลักฐานทุกฉบับจนถึงขณะจัดทำชุดนี้ (.xml) พร้อมข้อพิสูจน์จากสมุดบันทึกสาธารณะ (.tlog-proof)
                ระเบียนหลักฐานระยะยาวตาม RFC 4998 (.ers) และการประทับเวลาของหัวสมุดบันทึก (.tsr)
  documents/    เอกสารตามที่ส่ง
  envelope.json ข้อความหน้าซองตามที่ผู้ส่งเขียน
  reports/      รายงานผลตรวจลายมือชื่อของเอกสาร
  receipts/     ใบรับ (PDF) ถ้ามี
  claims/       ใบรับรองและลายนิ้วมือกุญแจตามที่ผู้ออกกล่าวอ้าง  **ไม่ใช่หลักความเชื่อถือ**
  META-INF/     รายการค่าแฮชของทุกไฟล์ และตราประทับเหนือรายการนั้น (ASiC-E, ETSI EN 319 162-1)

หลักฐาน
{_listed(told.evidences)}เอกสาร
{documents}
หลักความเชื่อถือต้องมาจากทางอื่นเสมอ
  ไฟล์ trust.json บอกว่าเชื่อใคร ให้ขอจากผู้ให้บริการ ศาล หน่วยงานกำกับ หรือคู่กรณีอีกฝ่ายโดยทางอื่น
  และเทียบลายนิ้วมือกับ claims/issuer.json  ใครก็สร้างชุดหลักฐานที่ครบถ้วนด้วยกุญแจของตนเองได้
  ชุดเช่นนั้นจะไม่ผ่านการตรวจเมื่อใช้ trust.json ที่ถูกต้อง

วิธีตรวจ (ไม่ต้องต่อเครือข่าย ไม่ต้องมีบัญชี) ด้วยโปรแกรมของเรา โปรแกรมขนาดเล็ก หรือโปรแกรมของผู้อื่น
{_commands(told)}
  เมื่อใบรับรองหมดอายุแล้ว openssl และ xmlsec1 จะไม่ผ่านแม้ไม่มีสิ่งใดถูกแก้ไข ให้ระบุเวลาหลังจัดทำชุดนี้ไม่นาน เช่น
    openssl  -attime $(date -d 2026-11-23T12:00Z +%s)
    xmlsec1  --verification-gmt-time "2026-11-23 12:00:00"
  สองโปรแกรมนี้ไม่พิสูจน์ว่าตราประทับเก่าเพียงนั้นจริง  tdh verify ตรวจจากพยานและระเบียนระยะยาว
  tdh_verify.py รับได้ที่ /verify/tdh_verify.py ของบริการ ใช้กับ Python 3.11 และ cryptography 50 ขึ้นไป
  ค่าแฮชของแต่ละรุ่นอยู่ในสมุดบันทึกสาธารณะ (verifier-published) ให้เทียบกับ sha256sum tdh_verify.py ก่อนใช้
  ผลการตรวจ: 0 ถูกต้อง  1 ไม่ถูกต้อง  2 ยังบอกไม่ได้
"""


def english(told: Told) -> str:
    """The text in English."""
    documents = _listed(told.documents) or "  (none: evidence only, no content is in this bundle)\n"
    return f"""\
Evidence of one registered electronic delivery  {told.stream}

What is inside
  evidence/     every evidence up to the making of this bundle (.xml), with its proof from the
                public log (.tlog-proof), its long-term record by RFC 4998 (.ers), and timestamps
                of the log's heads (.tsr)
  documents/    the documents as they were sent
  envelope.json what the sender wrote on the letter
  reports/      what was found about the documents' own signatures
  receipts/     receipts (PDF), where there are some
  claims/       certificates and key fingerprints as the issuer claims them: NOT an anchor
  META-INF/     digests of all files, and the seal over them (ASiC-E, ETSI EN 319 162-1)

Evidence
{_listed(told.evidences)}Documents
{documents}
Anchors always come from somewhere else
  trust.json says whom to believe. Get it from the operator, a court, the supervisor or the other
  party by another way, and compare its fingerprints with claims/issuer.json. Anybody can make a
  complete bundle under keys of his own; under the right trust.json it does not verify.

How to check it (no network, no account): with ours, with the small one, with other people's
{_commands(told)}
  Once a certificate has ended, openssl and xmlsec1 refuse what nobody changed. Name a time soon
  after this bundle was made, for example
    openssl  -attime $(date -d 2026-11-23T12:00Z +%s)
    xmlsec1  --verification-gmt-time "2026-11-23 12:00:00"
  They do not show that the seals are so old; tdh verify does, by witnesses and long-term records.
  The service hands out tdh_verify.py at /verify/tdh_verify.py; it needs Python 3.11 and
  cryptography 50 or later. The SHA-256 of each version is in the public log (verifier-published):
  compare it with `sha256sum tdh_verify.py` before use.
  Exit code: 0 valid, 1 invalid, 2 cannot tell.
"""


def _commands(told: Told) -> str:
    return COMMANDS.format(file=f"{told.stream}.asice", evidence=told.evidences[0])


def _listed(names: tuple[str, ...]) -> str:
    return "".join(f"  {name}\n" for name in names)
