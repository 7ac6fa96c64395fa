"""Step 5: the API process and the delivery worker are killed while a letter is on its way.

SIGKILL from outside, at moments that are checked: the API after the request has been sent and
before its answer, the worker while the letter is taken in and not yet delivered. So that both are
met on a fast machine too, the sealer, without which the API cannot commit, and the worker itself
are held (SIGSTOP) meanwhile. What is told afterwards (nothing lost, nothing twice) is counted from
the service's own answers and the company's queue.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aiohttp

from tdh.demo.archive import POLL_SECONDS
from tdh.demo.cast import CITIZEN, COMPANY
from tdh.demo.desk import Answer, Submission, new_submission
from tdh.demo.failures import NotAsTold, check
from tdh.demo.scene import CREATED, OK, Scene, Sent, inbox_item, state_of, taken_in
from tdh.demo.stage import until_ready
from tdh.demo.steps import accept, collect, read
from tdh.roles import Supervisor

API, WORKER, SEALER = "api-0", "worker", "sealer"
HEAD_START_SECONDS = 0.3
"""From the last byte of the request to the kill; the API gives up waiting for the sealer at 2 s."""
RETRY_SECONDS = 30.0
STILL_SECONDS = 0.5
IN_PROGRESS = "idempotency-in-progress"
UNAVAILABLE = 503
ACCEPTED = "accepted"


async def killed_and_nothing_lost(scene: Scene) -> Sent:
    """5. The fifth letter survives both kills, once."""
    teller, letter = scene.teller, scene.letters[4]
    teller.begin_step(5, "ระบบล้มกลางทาง (SIGKILL)", "processes are killed on the way")
    document = scene.signed(letter)
    scene.save(letter, document)
    submission = new_submission(letter.envelope(), document)
    with _stopped(scene.supervisor, WORKER) as worker:
        await _kill_api(scene, submission)
        answer = await _retried(scene, submission)
        sent = taken_in(answer, letter, document, submission)
        teller.tell(
            "ส่งซ้ำด้วยคีย์เดิม (Idempotency-Key): รับฝากแล้ว หนึ่งฉบับ",
            "sent again with the same Idempotency-Key: taken in, one letter",
            facts=[sent.id],
        )
        await asyncio.sleep(STILL_SECONDS)
        for party in (COMPANY, CITIZEN):
            state = await state_of(scene.agency, sent.to(party))
            check(state == ACCEPTED, f"without a worker the delivery is {state}")
        os.kill(worker, signal.SIGKILL)
    again = await _restarted(scene.supervisor, WORKER, worker)
    teller.tell(
        "ตัวนำจ่ายถูก SIGKILL หลังรับฝากและก่อนนำจ่าย แล้วเริ่มใหม่เอง",
        f"delivery worker killed between posting and delivery: {worker}, now {again}",
    )
    await collect(scene, sent)
    await inbox_item(scene.citizen, sent.to(CITIZEN))
    await accept(scene, sent.to(CITIZEN))
    await read(scene, sent)
    kept = [
        one
        for party in (COMPANY, CITIZEN)
        for one in await scene.archive.until(sent.to(party), "ContentHandover")
    ]
    teller.tell(
        "หนังสือถึงทั้งสองฝ่ายครบถ้วน",
        "the letter reached both, complete",
        evidence=scene.files(kept),
    )
    await _nothing_twice(scene, submission, sent)
    return sent


async def _kill_api(scene: Scene, submission: Submission) -> None:
    api = _running(scene.supervisor, API)
    with _stopped(scene.supervisor, SEALER):
        left = await scene.agency.submit_and_leave(submission)
        await asyncio.sleep(HEAD_START_SECONDS)
        os.kill(api, signal.SIGKILL)
    check(await left.answer() == b"", "the API had answered before it was killed")
    again = await _restarted(scene.supervisor, API, api)
    await until_ready(scene.server)
    scene.teller.tell(
        "API ถูก SIGKILL หลังคำขอส่งครบและก่อนมีคำตอบ แล้วเริ่มใหม่เอง",
        f"API killed after the whole request, before any answer: {api}, now {again}",
    )


async def _retried(scene: Scene, submission: Submission) -> Answer:
    """Send the same request until it is answered for good, as a client does."""
    limit = time.monotonic() + RETRY_SECONDS
    while time.monotonic() < limit:
        try:
            answer = await scene.agency.submit(submission)
        except (aiohttp.ClientConnectionError, TimeoutError):
            answer = None
        if answer is not None and answer.status != UNAVAILABLE and answer.problem != IN_PROGRESS:
            return answer
        await asyncio.sleep(0.2)
    raise NotAsTold(f"no answer to the same request within {RETRY_SECONDS:.0f} s")


async def _nothing_twice(scene: Scene, submission: Submission, sent: Sent) -> None:
    """Check that one key made one letter, one queue message, and each event one evidence."""
    replay = (await scene.agency.submit(submission)).expect(CREATED)
    check(replay.headers.get("Idempotent-Replayed") == "true", "the key was used a second time")
    check(replay.json()["id"] == sent.id, "the same key gave another letter")
    listed = (await scene.agency.get("/v1/letters?limit=200")).expect(OK).json()["data"]
    count = sum(one["envelope"]["number"] == sent.number for one in listed)
    check(count == 1, f"there are {count} letters for one key")
    message = await scene.company_program().first(within_seconds=STILL_SECONDS)
    check(message is None, f"the company's queue has another message: {message}")
    await scene.archive.everything(list(sent.deliveries.values()))
    for delivery in sent.deliveries.values():
        check(await state_of(scene.agency, delivery) == "handed_over", f"{delivery} is not done")
    scene.teller.tell(
        "นับแล้ว: คีย์เดียวได้หนังสือฉบับเดียว เหตุการณ์ละหนึ่งหลักฐาน คิวว่าง",
        "counted: one letter for the key, one evidence for each event, the queue is empty",
    )


@contextmanager
def _stopped(supervisor: Supervisor, name: str) -> Iterator[int]:
    """Stop a process where it is (SIGSTOP); on any way out it does not stay so."""
    process = _running(supervisor, name)
    os.kill(process, signal.SIGSTOP)
    try:
        yield process
    finally:
        if supervisor.pid(name) == process:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _running(supervisor: Supervisor, name: str) -> int:
    process = supervisor.pid(name)
    if process is None:
        raise NotAsTold(f"{name} is not running")
    return process


async def _restarted(supervisor: Supervisor, name: str, before: int) -> int:
    """Wait for another process in the place of one that was killed; give its id."""
    limit = time.monotonic() + RETRY_SECONDS
    while (now := supervisor.pid(name)) in (None, before):
        check(time.monotonic() < limit, f"{name} was not started again")
        await asyncio.sleep(POLL_SECONDS)
    return now or 0
