"""The cache of revocation data: who is asked when, and what serves meanwhile."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signing.judge.cache_limits import CacheLimits
from signing.judge.facts import Brought, Need, NeedKind
from signing.judge.revocation_cache import RevocationCache
from tdh.domain.errors import StorageUnavailable
from tdh.domain.revocation import KeptAnswer, RevocationQuestion, SourceState
from tdh.domain.verdicts import RevocationFinding, RevocationStatus

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OCSP = Need(kind=NeedKind.OCSP, url="http://a/ocsp", request=b"q", certificate_sha256="aa")
LIST = Need(kind=NeedKind.CRL, url="http://a/list", certificate_sha256="aa")
OTHER = Need(kind=NeedKind.CRL, url="http://a/list", certificate_sha256="bb")


class Shelf:
    """A store in memory, which may be down."""

    def __init__(self) -> None:
        self.states: dict[bytes, SourceState] = {}
        self.down = False

    def _check(self) -> None:
        if self.down:
            raise StorageUnavailable("down")

    async def state(self, question: RevocationQuestion) -> SourceState:
        self._check()
        return self.states.get(question.key, SourceState())

    async def keep(self, question: RevocationQuestion, content: bytes, at: datetime) -> SourceState:
        self._check()
        answer = KeptAnswer(sha256=hashlib.sha256(content).digest(), content=content, fetched_at=at)
        before = self.states.get(question.key, SourceState()).answer
        if before is not None and before.sha256 == answer.sha256:
            answer = replace(before, fetched_at=at)
        self.states[question.key] = SourceState(answer=answer)
        return self.states[question.key]

    async def fail(self, question: RevocationQuestion, next_try: datetime) -> int:
        self._check()
        state = self.states.get(question.key, SourceState())
        state = replace(state, failures=state.failures + 1, next_try=next_try)
        self.states[question.key] = state
        return state.failures

    async def learn(
        self, questions: Sequence[RevocationQuestion], sha256: bytes, validity: KeptAnswer
    ) -> None:
        for question in questions:
            state = self.states[question.key]
            assert state.answer is not None
            if state.answer.sha256 == sha256:
                self.states[question.key] = replace(state, answer=validity)


class World:
    """What is out there, by address, and who was asked."""

    def __init__(self) -> None:
        self.now = NOW
        self.shelf = Shelf()
        self.answers: dict[str, bytes | None] = {}
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def fetch(self, url: str, _request: bytes) -> bytes | None:
        self.asked.append(url)
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.get(url)

    def cache(self, **limits: float) -> RevocationCache:
        return RevocationCache(
            store=self.shelf,
            fetch=self.fetch,
            now=lambda: self.now,
            limits=CacheLimits(**limits),  # type: ignore[arg-type]  # numbers by name
        )


@pytest.fixture
def world() -> World:
    made = World()
    made.answers = {OCSP.url: b"answer", LIST.url: b"list"}
    return made


def finding(
    content: bytes, next_update: datetime | None, issued: datetime = NOW
) -> RevocationFinding:
    return RevocationFinding(
        certificate_sha256="aa",
        subject="",
        status=RevocationStatus.GOOD,
        source="crl fetched",
        data_sha256=hashlib.sha256(content).hexdigest(),
        this_update=issued,
        next_update=next_update,
    )


async def settled(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def test_of_a_certificate_s_needs_the_first_that_can_be_met_is_met(world: World) -> None:
    cache = world.cache()
    assert await cache.bring([OCSP, LIST], NOW) == {
        OCSP: Brought(kind=NeedKind.OCSP, data=b"answer")
    }
    assert world.asked == [OCSP.url]
    world.answers[OCSP.url] = None
    world.now += DAY
    world.shelf.states.clear()
    assert await world.cache().bring([OCSP, LIST], NOW) == {
        LIST: Brought(kind=NeedKind.CRL, data=b"list")
    }


async def test_each_certificate_gets_its_own(world: World) -> None:
    assert set(await world.cache().bring([OCSP, LIST, OTHER], NOW)) == {OCSP, OTHER}


async def test_many_that_wait_for_the_same_ask_once(world: World) -> None:
    cache, world.gate = world.cache(), asyncio.Event()
    waiting = [asyncio.create_task(cache.bring([LIST], NOW)) for _ in range(50)]
    await settled(lambda: bool(world.asked))
    waiting[0].cancel()
    world.gate.set()
    brought = await asyncio.gather(*waiting[1:])
    assert all(item[LIST].data == b"list" for item in brought)
    assert world.asked == [LIST.url]


async def test_what_was_read_serves_until_its_next_update(world: World) -> None:
    cache = world.cache()
    await cache.bring([LIST], NOW)
    await cache.learned([finding(b"list", NOW + 10 * HOUR)])
    world.now = NOW + 7 * HOUR
    await cache.bring([LIST], NOW)
    assert world.asked == [LIST.url]
    world.now = NOW + 11 * HOUR
    await cache.bring([LIST], NOW)
    assert world.asked == [LIST.url] * 2


async def test_what_nobody_could_read_is_asked_for_again_soon_but_not_at_once(world: World) -> None:
    cache = world.cache(retry_seconds=60)
    for seconds, asked in ((0, 1), (30, 1), (61, 2), (90, 2)):
        world.now = NOW + timedelta(seconds=seconds)
        await cache.bring([LIST], NOW)
        await asyncio.sleep(0)
        assert len(world.asked) == asked


@pytest.mark.parametrize(
    ("limits", "next_update", "serves"),
    [
        ({"max_age_seconds": 3600.0}, NOW + DAY, HOUR),
        ({"longest_seconds": 7200.0}, NOW + DAY, 2 * HOUR),
        ({}, None, HOUR),
        ({}, NOW + 5 * HOUR, 5 * HOUR),
        ({}, NOW + 900 * DAY, DAY),
        ({"retry_seconds": 60.0}, NOW - DAY, timedelta(minutes=1)),
    ],
    ids=["maximum age", "longest", "no next update", "next update", "absurd", "already over"],
)
def test_how_long_an_answer_serves(
    limits: dict[str, float], next_update: datetime | None, serves: timedelta
) -> None:
    answer = KeptAnswer(
        sha256=bytes(32), content=b"", fetched_at=NOW, this_update=NOW, next_update=next_update
    )
    assert CacheLimits(**limits).serves_until(answer) == NOW + serves  # type: ignore[arg-type]  # numbers by name


async def test_what_is_in_use_is_renewed_beside_its_use(world: World) -> None:
    cache = world.cache()
    await cache.bring([LIST], NOW)
    await cache.learned([finding(b"list", NOW + 10 * HOUR)])
    world.answers[LIST.url], world.gate = b"new list", asyncio.Event()
    world.now = NOW + 8 * HOUR
    assert (await cache.bring([LIST], NOW))[LIST].data == b"list"  # nobody waited
    world.gate.set()
    await settled(lambda: not cache._flights)
    assert (await cache.bring([LIST], NOW))[LIST].data == b"new list"
    assert world.asked == [LIST.url] * 2


async def test_what_is_in_use_is_renewed_by_itself_and_waited_for_by_nobody(world: World) -> None:
    """The fast lane rests on an answer until it ends, and then needs the next one at once."""
    cache = world.cache(longest_seconds=30 * 86400)
    await cache.bring([LIST], NOW)
    await cache.learned([finding(b"list", NOW + 8 * DAY)])
    cache.renew_due()
    assert not cache._flights
    world.now, world.answers[LIST.url] = NOW + 7 * DAY, b"new list"
    cache.renew_due()
    await settled(lambda: not cache._flights)
    assert world.asked == [LIST.url] * 2
    world.gate = asyncio.Event()  # from here on the network never answers
    world.now = NOW + 9 * DAY
    cache.renew_due()
    assert (await cache.bring([LIST], NOW))[LIST].data == b"new list"
    await cache.close()


async def test_what_is_not_in_use_any_more_is_not_renewed_for_ever(world: World) -> None:
    cache = world.cache()
    await cache.bring([LIST], NOW)
    for day in range(1, 10):
        world.now = NOW + day * DAY
        cache.renew_due()
        await settled(lambda: not cache._flights)
    assert len(world.asked) == 3


async def test_a_source_that_is_down_is_asked_rarely_and_its_last_answer_serves(
    world: World,
) -> None:
    cache = world.cache(retry_seconds=60)
    await cache.bring([LIST], NOW)
    await cache.learned([finding(b"list", NOW + HOUR)])
    world.answers[LIST.url] = None
    for seconds in (0, 1, 59):
        world.now = NOW + 2 * HOUR + timedelta(seconds=seconds)
        assert (await cache.bring([LIST], NOW))[LIST].data == b"list"
    assert len(world.asked) == 2
    world.now = NOW + 2 * HOUR + timedelta(seconds=61)
    await cache.bring([LIST], NOW)
    assert len(world.asked) == 3
    assert world.shelf.states[question(LIST).key].failures == 2


async def test_a_source_that_never_answered_gives_nothing_and_is_asked_rarely(
    world: World,
) -> None:
    cache, world.answers = world.cache(), {}
    for _ in range(5):
        assert await cache.bring([OCSP, LIST], NOW) == {}
    assert world.asked == [OCSP.url, LIST.url]


async def test_what_another_process_fetched_or_failed_to_fetch_is_not_fetched_again(
    world: World,
) -> None:
    await world.cache().bring([LIST], NOW)
    world.answers[OCSP.url] = None
    await world.cache().bring([OCSP], NOW)
    other = world.cache()
    assert set(await other.bring([OCSP, LIST], NOW)) == {LIST}
    assert world.asked == [LIST.url, OCSP.url]


async def test_the_validity_that_was_read_is_known_to_the_next_process(world: World) -> None:
    cache = world.cache()
    await cache.bring([LIST], NOW)
    await cache.learned([finding(b"list", NOW + 10 * HOUR), finding(b"another", NOW)])
    world.now = NOW + 7 * HOUR
    await world.cache().bring([LIST], NOW)
    assert world.asked == [LIST.url]


async def test_only_what_was_fetched_is_learned(world: World) -> None:
    cache = world.cache()
    await cache.bring([LIST], NOW)
    await cache.learned([replace(finding(b"list", NOW + DAY), source="crl document")])
    answer = world.shelf.states[question(LIST).key].answer
    assert answer is not None
    assert answer.this_update is None


async def test_what_cannot_be_kept_is_not_served(world: World) -> None:
    world.shelf.down = True
    cache = world.cache()
    with pytest.raises(StorageUnavailable):
        await cache.bring([LIST], NOW)
    world.shelf.down = False
    assert LIST in await cache.bring([LIST], NOW)


async def test_memory_is_bounded_and_the_store_remembers(world: World) -> None:
    cache = world.cache(memory_bytes=10_000)
    needs = [replace(LIST, url=f"http://a/{n}", certificate_sha256=str(n)) for n in range(20)]
    world.answers = {need.url: b"x" * 3000 for need in needs}
    for need in needs:
        await cache.bring([need], NOW)
    assert cache._bytes <= 10_000
    assert len(cache._memory) < 4
    await cache.bring([needs[0]], NOW)
    assert len(world.asked) == 20


async def test_closing_ends_what_is_on_its_way(world: World) -> None:
    cache, world.gate = world.cache(), asyncio.Event()
    waiting = asyncio.create_task(cache.bring([LIST], NOW))
    await settled(lambda: bool(world.asked))
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def question(need: Need) -> RevocationQuestion:
    return RevocationQuestion(kind=need.kind.value, url=need.url, request=need.request)


def test_questions_that_differ_have_different_names() -> None:
    names = {
        RevocationQuestion(kind="crl", url="http://a").key,
        RevocationQuestion(kind="ocsp", url="http://a").key,
        RevocationQuestion(kind="ocsp", url="http://a", request=b"q").key,
        RevocationQuestion(kind="ocsp", url="http://aq").key,
    }
    assert len(names) == 4


@pytest.mark.parametrize("limits", [{}, {"max_age_seconds": 3600.0}])
async def test_data_from_the_end_of_all_times_stop_nobody_from_asking(
    world: World, limits: dict[str, float]
) -> None:
    """A child that was taken over may say so of a list that everybody needs."""
    cache = world.cache(**limits)
    await cache.bring([LIST], NOW)
    last = datetime.max.replace(tzinfo=UTC)
    await cache.learned([finding(b"list", None, issued=last)])
    assert (await cache.bring([LIST], NOW))[LIST].data == b"list"
    world.now += 2 * DAY
    await cache.bring([LIST], NOW)
    assert world.asked == [LIST.url] * 2
    await cache.close()


async def test_an_answer_that_did_not_do_is_asked_for_again_whatever_was_said_of_it(
    world: World,
) -> None:
    """A child that was taken over may have said that it holds for long."""
    cache = world.cache()
    await cache.bring([LIST], NOW)
    await cache.learned([finding(b"list", NOW + 9 * DAY)])
    world.now += 2 * HOUR
    await cache.bring([LIST], NOW)
    assert world.asked == [LIST.url]
    await cache.useless([LIST, OCSP])
    (state,) = world.shelf.states.values()
    assert state.answer is not None
    assert state.answer.this_update is None, "other processes shall not believe it either"
    world.answers[LIST.url] = b"newer"
    assert (await cache.bring([LIST], NOW))[LIST].data == b"newer"
    await cache.close()
