"""Letters whose certificates name sources: judge, cache, database and an authority's server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import pytest
from revocation_server import RevocationServer, response, revocation_server, silence

from relay.revocation.fetcher import Fetcher, Patience
from relay.revocation.guard import Allowed, Rules
from signing.judge.cache_limits import CacheLimits
from signing.judge.memfd import Memfd
from signing.judge.policy import Policy, RevocationMode
from signing.judge.pool import JudgePool
from signing.judge.report import Report
from signing.judge.revocation_cache import RevocationCache
from storage.database import Database
from storage.revocation import PostgresRevocation
from tdh.domain.revocation import RevocationQuestion
from tdh.domain.verdicts import Indication, RevocationStatus, SubIndication, Verdict
from tests.pki import make
from tests.pki.revocation import (
    DAY,
    HOUR,
    NOW,
    Line,
    Web,
    make_answer,
    make_list,
    make_refusal,
    make_responder,
    make_web,
)

OLDER = Policy(revocation=RevocationMode.ACCEPT_OLDER, max_revocation_age_seconds=7 * 86400)


@dataclass(slots=True, kw_only=True)
class World:
    """One service with an authority outside, and the time."""

    server: RevocationServer
    web: Web
    database: Database
    now: datetime = NOW

    def fetcher(self) -> Fetcher:
        allowed = [Allowed.read(f"127.0.0.1:{self.server.port}")]
        return Fetcher(Rules(private=allowed), Patience(seconds=1.0, retry_seconds=0.0))

    def cache(self, fetcher: Fetcher, policy: Policy) -> RevocationCache:
        return RevocationCache(
            store=PostgresRevocation(self.database),
            fetch=fetcher.bring,
            now=lambda: self.now,
            limits=CacheLimits(max_age_seconds=policy.max_revocation_age_seconds),
        )

    def publish(self, *lines: Line) -> None:
        """The authority issues everything anew."""
        issued = {"this_update": self.now - timedelta(minutes=1), "next_update": self.now + DAY}
        self.server.answers |= {
            "/root.crl": make_list(self.web.root, **issued),  # type: ignore[arg-type]  # times by name
            "/issuing.crl": make_list(self.web.issuing, lines, **issued),  # type: ignore[arg-type]  # likewise
            "/ocsp": make_answer(
                self.web.certificate(),
                self.web.issuing,
                make_responder(self.web.issuing),
                revoked_at=lines[0].at if lines else None,
                **issued,  # type: ignore[arg-type]  # likewise
            ),
        }

    def fall_silent(self) -> None:
        """No server of the authority answers any more."""
        self.server.answers = dict.fromkeys(self.server.answers, silence)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with revocation_server() as server:
        made = World(server=server, web=make_web(server.base), database=database)
        made.publish()
        yield made


def letter(world: World, name: str = "both", text: str = "Hello") -> bytes:
    return make.sign_pdf(make.simple_pdf(text), world.web.signers[name], signed_at=NOW - HOUR)


class Service:
    """A pool with its cache."""

    def __init__(self, world: World, policy: Policy | None = None) -> None:
        self.world = world
        policy = policy or Policy()
        self.fetcher = world.fetcher()
        self.cache = world.cache(self.fetcher, policy)
        self.pool = JudgePool(world.web.trust, policy=policy, revocation=self.cache, concurrency=2)

    async def __aenter__(self) -> Self:
        await self.pool.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.close()
        await self.cache.close()
        await self.fetcher.close()

    async def report(self, content: bytes) -> Report:
        with Memfd(content) as memory:
            memory.seal()
            return await self.pool.report(memory.fd, memory.size, self.world.now)

    async def verdict(self, content: bytes) -> Verdict:
        return (await self.report(content)).verdict


async def test_the_first_letter_waits_for_the_network_and_no_other_does(world: World) -> None:
    async with Service(world) as service:
        first = await service.verdict(letter(world))
        assert first.accepted
        assert sorted(world.server.asked) == ["/ocsp", "/root.crl"]
        world.fall_silent()
        for text in ("Second", "Third"):
            assert (await service.verdict(letter(world, text=text))).accepted
        many = [service.verdict(letter(world, text=f"{number}")) for number in range(8)]
        assert all(verdict.accepted for verdict in await asyncio.gather(*many))
    assert len(world.server.asked) == 2
    async with Service(world) as another:  # another process, the same database
        assert (await another.verdict(letter(world))).accepted
    assert len(world.server.asked) == 2


async def test_letters_that_come_at_once_wait_for_one_question(world: World) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(response(listed))

    listed = world.server.answers["/issuing.crl"]
    assert isinstance(listed, bytes)
    world.server.answers["/issuing.crl"] = slow
    async with Service(world) as service:
        letters = [letter(world, "list", text=f"{number}") for number in range(6)]
        verdicts = await asyncio.gather(*(service.verdict(item) for item in letters))
    assert all(verdict.accepted for verdict in verdicts)
    assert sorted(world.server.asked) == ["/issuing.crl", "/root.crl"]


async def test_the_report_names_bytes_that_are_kept(world: World) -> None:
    async with Service(world) as service:
        verdict = await service.verdict(letter(world))
    findings = verdict.signatures[0].revocation
    assert [item.source for item in findings] == ["ocsp fetched", "crl fetched"]
    store = PostgresRevocation(world.database)
    for item, path in zip(findings, ("/ocsp", "/root.crl"), strict=True):
        assert item.status is RevocationStatus.GOOD
        assert item.data_sha256 is not None
        assert await store.content(bytes.fromhex(item.data_sha256)) == world.server.answers[path]


async def test_until_when_data_hold_is_written_down(world: World) -> None:
    async with Service(world) as service:
        await service.verdict(letter(world))
    state = await PostgresRevocation(world.database).state(
        RevocationQuestion(kind="crl", url=f"{world.server.base}/root.crl")
    )
    assert state.answer is not None
    assert state.answer.next_update == NOW + DAY


async def test_where_the_answer_is_of_no_use_the_list_is_asked_for(world: World) -> None:
    world.server.answers["/ocsp"] = make_refusal()
    async with Service(world) as service:
        verdict = await service.verdict(letter(world))
    assert verdict.accepted
    assert verdict.signatures[0].revocation[0].source == "crl fetched"
    assert sorted(world.server.asked) == ["/issuing.crl", "/ocsp", "/root.crl"]


async def test_where_no_answer_comes_the_list_is_asked_for(world: World) -> None:
    del world.server.answers["/ocsp"]
    async with Service(world) as service:
        assert (await service.verdict(letter(world))).accepted
    assert sorted(world.server.asked) == ["/issuing.crl", "/ocsp", "/root.crl"]


async def test_an_authority_that_is_down_makes_the_letter_undecidable(world: World) -> None:
    world.fall_silent()
    async with Service(world) as service:
        verdict = await service.verdict(letter(world))
        assert verdict.indication is Indication.INDETERMINATE
        assert verdict.sub_indication is SubIndication.TRY_LATER
        asked = len(world.server.asked)
        assert not (await service.verdict(letter(world))).accepted
        assert len(world.server.asked) == asked  # left alone for a while


async def test_what_was_known_last_serves_by_policy_and_is_provisional(world: World) -> None:
    async with Service(world, OLDER) as service:
        assert not (await service.verdict(letter(world))).provisional
    world.fall_silent()
    world.now += 3 * DAY
    async with Service(world, OLDER) as service:
        verdict = await service.verdict(letter(world))
        assert verdict.accepted
        assert verdict.provisional
    async with Service(world) as strict:
        assert (await strict.verdict(letter(world))).reason.code == "revocation-unknown"
    world.now += 5 * DAY
    async with Service(world, OLDER) as service:
        assert (await service.verdict(letter(world))).reason.code == "revocation-unknown"
    world.publish()
    world.now += HOUR
    async with Service(world, OLDER) as service:
        verdict = await service.verdict(letter(world))
        assert verdict.accepted
        assert not verdict.provisional


async def test_what_is_revoked_later_is_refused_once_the_former_answer_has_ended(
    world: World,
) -> None:
    async with Service(world) as service:
        assert (await service.verdict(letter(world))).accepted
        world.now += 2 * HOUR
        serial = world.web.certificate().serial_number
        world.publish(Line(serial=serial, at=world.now - HOUR))
        assert (await service.verdict(letter(world, text="Soon after"))).accepted
        world.now += 2 * DAY
        world.publish(Line(serial=serial, at=NOW + HOUR))
        refused = await service.verdict(letter(world, text="Later"))
    assert refused.reason.code == "certificate-revoked"
    assert refused.signatures[0].revocation[0].revoked_at == NOW + HOUR


async def test_a_name_in_a_stranger_s_certificate_leads_nowhere(world: World) -> None:
    """What is asked for comes from certificates of trusted authorities only."""
    stranger = make_web(world.server.base)
    document = make.sign_pdf(make.simple_pdf(), stranger.signers["both"], signed_at=NOW - HOUR)
    async with Service(world) as service:
        assert (await service.verdict(document)).reason.code == "unknown-root"
    assert world.server.asked == []


async def test_the_same_data_give_the_same_report(world: World) -> None:
    async with Service(world) as service:
        first, second = await service.report(letter(world)), await service.report(letter(world))
    document = letter(world)
    async with Service(world) as service:
        reports = [await service.report(document) for _ in range(2)]
    assert first.verdict.signatures[0].revocation == second.verdict.signatures[0].revocation
    assert reports[0] == reports[1]
