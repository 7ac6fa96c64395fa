"""Steps 1 to 4: a letter goes its whole way; one is refused, one was altered, one expires."""

from relay.amqp.partner import Collected
from tdh.demo.cast import CITIZEN, COMPANY, Letter
from tdh.demo.desk import new_submission
from tdh.demo.failures import NotAsTold, check
from tdh.demo.scene import OK, Scene, Sent, inbox_item, state_of

CONFLICT, UNPROCESSABLE = 409, 422
QUEUE_SECONDS = 30.0


async def submit(scene: Scene) -> Sent:
    """1. The agency submits a signed letter to both recipients."""
    teller, letter = scene.teller, scene.letters[0]
    teller.begin_step(1, "หน่วยงานฝากส่งหนังสือ", "the agency submits a letter")
    document = scene.signed(letter)
    saved = scene.save(letter, document)
    teller.tell(
        f"จัดทำหนังสือ ที่ {letter.text.number} และลงลายมือชื่อดิจิทัล (PAdES)",
        f"letter {letter.text.number} written and signed (PAdES): {len(document) / 1000:.0f} KB",
        facts=[saved],
    )
    sent = await scene.post(letter, document)
    check(sent.sender_match == "same-organisation", f"the signer is {sent.sender_match}")
    teller.tell(
        "ตรวจลายมือชื่อแล้วรับฝาก: ธรรมดาถึงบริษัท ลงทะเบียนถึงประชาชน",
        "signature judged, letter taken in: basic to the company, consent to the citizen",
        facts=[
            sent.judged,
            ("ใบรับรองเป็นของหน่วยงานผู้ส่ง", "the certificate is the sending agency's"),
            sent.id,
        ],
    )
    for party in (COMPANY, CITIZEN):
        kept = await scene.archive.until(sent.to(party), "SubmissionAcceptance")
        teller.tell(
            f"หลักฐานการรับฝากสำหรับ {party.name_th}",
            f"proof of posting for {party.name_en}",
            evidence=scene.files(kept),
        )
    return sent


async def company_receives(scene: Scene, sent: Sent) -> None:
    """2. The company's program takes its message, fetches, acknowledges."""
    teller, delivery = scene.teller, sent.to(COMPANY)
    teller.begin_step(2, "บริษัทรับทางคิวของตน", "the company receives by its own queue")
    await collect(scene, sent)
    kept = await scene.archive.until(delivery, "ContentConsignment", "ContentHandover")
    check(await state_of(scene.agency, delivery) == "handed_over", "not handed over")
    teller.tell(
        "โปรแกรมของบริษัทรับข้อความ (AMQP) ดึงเอกสาร (HTTP) และยืนยันค่าแฮช",
        "its program took the message (AMQP), fetched (HTTP), acknowledged the digests",
        facts=[("เอกสารตรงกับที่ลงนามทุกไบต์", "the document is what was signed, byte for byte")],
        evidence=scene.files(kept),
    )


async def collect(scene: Scene, sent: Sent) -> None:
    """Let the company's program run for one message. Raises NotAsTold."""
    outcome = await scene.company_program().first(within_seconds=QUEUE_SECONDS)
    if not isinstance(outcome, Collected):
        raise NotAsTold(f"the company's program got {outcome}")
    check(outcome.letter.delivery == sent.to(COMPANY), f"it got {outcome.letter.delivery}")
    check(
        [one.read_bytes() for one in outcome.files] == [sent.document],
        "the company has other bytes than were signed",
    )
    check(outcome.evidence is not None, "the acknowledgement made no ContentHandover")


async def citizen_receives(scene: Scene, sent: Sent) -> None:
    """3. The citizen sees an envelope and no content; accepts; fetches."""
    teller, delivery = scene.teller, sent.to(CITIZEN)
    teller.begin_step(3, "ประชาชนเห็นซอง ลงรับ แล้วเปิดอ่าน", "the citizen accepts, then reads")
    item = await inbox_item(scene.citizen, delivery)
    check(item["state"] == "awaiting_acceptance", f"the delivery is {item['state']}")
    check(item["documents"][0]["href"] is None, "the envelope names an address of the content")
    refused = await scene.citizen.get(f"/v1/inbox/{delivery}/documents/1")
    refused.expect(CONFLICT, "not-accepted-yet")
    kept = await scene.archive.until(delivery, "NotificationForAcceptance")
    teller.tell(
        f"{CITIZEN.name_th} เห็นหน้าซอง แต่ยังเปิดเนื้อหาไม่ได้",
        "an envelope in the inbox; its content is refused: 409 not-accepted-yet",
        facts=[f"{item['sender']['name_th']} · {item['subject']}"],
        evidence=scene.files(kept),
    )
    await accept(scene, delivery)
    teller.tell(
        "ลงรับด้วยตนเอง ระบบวางเอกสารในตู้ทันที",
        "accepted by an explicit act; the content is placed in the mailbox with it",
        evidence=scene.files(
            await scene.archive.until(delivery, "ConsignmentAcceptance", "ContentConsignment")
        ),
    )
    await read(scene, sent)
    teller.tell(
        "เปิดเอกสาร: บันทึกก่อนส่งไบต์แรก และบันทึกการส่งมอบหลังไบต์สุดท้าย",
        "read: recorded before the first byte, handed over after the last one",
        evidence=scene.files(
            await scene.archive.until(delivery, "ContentAccessTracking", "ContentHandover")
        ),
    )
    check(await state_of(scene.agency, delivery) == "handed_over", "not handed over")


async def accept(scene: Scene, delivery: str) -> None:
    """Let the citizen accept. Raises NotAsTold."""
    answer = await scene.citizen.post(f"/v1/inbox/{delivery}/accept")
    state = answer.expect(OK).json()["state"]
    check(state == "consigned", f"after the acceptance the delivery is {state}")


async def read(scene: Scene, sent: Sent) -> None:
    """Let the citizen fetch the document. Raises NotAsTold."""
    answer = await scene.citizen.get(f"/v1/inbox/{sent.to(CITIZEN)}/documents/1")
    check(answer.expect(OK).body == sent.document, "other bytes than were signed")


async def refusals(scene: Scene) -> tuple[Sent, ...]:
    """4. A letter is refused, an altered one is not taken in, one expires."""
    scene.teller.begin_step(4, "ปฏิเสธ แก้ไข หมดเวลา", "refused, altered, expired")
    declined = await _declined(scene)
    await _altered(scene, scene.letters[2])
    return declined, await _expired(scene)


async def _declined(scene: Scene) -> Sent:
    sent = await scene.post(scene.letters[1])
    delivery = sent.to(CITIZEN)
    await inbox_item(scene.citizen, delivery)
    answer = await scene.citizen.post(f"/v1/inbox/{delivery}/refuse", {"note": "ไม่สะดวกเข้าร่วม"})
    state = answer.expect(OK).json()["state"]
    check(state == "refused", f"after the refusal the delivery is {state}")
    (await scene.citizen.get(f"/v1/inbox/{delivery}/documents/1")).expect(CONFLICT)
    kept = await scene.archive.until(delivery, "ConsignmentRejection")
    scene.teller.tell(
        f"ฉบับที่สอง ({sent.number}): ผู้รับปฏิเสธ เนื้อหาไม่เคยถูกเปิด",
        "the second letter: refused by the citizen, its content stays closed",
        evidence=scene.files(kept),
    )
    return sent


async def _altered(scene: Scene, letter: Letter) -> None:
    document = one_byte_changed(scene.signed(letter))
    saved = scene.save(letter, document)
    answer = await scene.agency.submit(new_submission(letter.envelope(), document))
    problem = answer.expect(UNPROCESSABLE).json()
    check(problem["evidence"]["event"] == "SubmissionRejection", "no sealed refusal")
    kept = await scene.archive.refused_submission(problem["evidence"]["id"])
    listed = (await scene.agency.get("/v1/letters?limit=200")).expect(OK).json()["data"]
    check(
        letter.text.number not in [one["envelope"]["number"] for one in listed],
        "the altered letter was taken in",
    )
    scene.teller.tell(
        f"ฉบับที่สาม ({letter.text.number}): แก้หนึ่งไบต์หลังลงนาม ระบบไม่รับฝาก",
        "the third: one byte changed after signing, not taken in (422), sealed refusal",
        facts=[
            saved,
            (f"{problem['code']}: {problem['title_th']}", f"{problem['code']}: {problem['title']}"),
        ],
        evidence=scene.files([kept]),
    )


def one_byte_changed(signed: bytes) -> bytes:
    """The document with one bit of one byte turned, in the middle of what is signed."""
    changed = bytearray(signed)
    changed[signed.index(b"/ByteRange") // 2] ^= 1
    return bytes(changed)


async def _expired(scene: Scene) -> Sent:
    sent = await scene.post(scene.letters[3])
    delivery = sent.to(CITIZEN)
    await inbox_item(scene.citizen, delivery)
    scene.teller.waiting("รอให้พ้นกำหนดลงรับ 2 วินาที", "waiting for the term of 2 s to pass")
    kept = await scene.archive.until(
        delivery, "NotificationForAcceptance", "AcceptanceRejectionExpiry"
    )
    check(await state_of(scene.agency, delivery) == "expired", "the delivery did not expire")
    late = await scene.citizen.post(f"/v1/inbox/{delivery}/accept")
    winner = late.expect(CONFLICT).json()["evidence"]["event"]
    check(winner == "AcceptanceRejectionExpiry", f"the late answer names {winner}")
    scene.teller.tell(
        f"ฉบับที่สี่ ({sent.number}): ไม่มีคำตอบ หมดเวลา ลงรับภายหลังไม่ได้",
        "the fourth: no answer, expired; accepting it now is refused (409)",
        evidence=scene.files(kept),
    )
    return sent
