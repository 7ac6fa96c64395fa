"""A server of revocation data on 127.0.0.1 that counts who asks, and can misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class RevocationServer:
    """What it serves by path, and what was asked of it."""

    port: int
    answers: dict[str, bytes | Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                (
                    int(line.split(":")[1])
                    for line in head.lower().split("\r\n")
                    if line.startswith("content-length")
                ),
                0,
            )
            self.bodies.append(await reader.readexactly(length))
            self.heads.append(head)
            path = head.split(" ")[1]
            self.asked.append(path)
            answer = self.answers.get(path)
            if callable(answer):
                await answer(writer)
            elif answer is None:
                writer.write(response(b"no", status="404 Not Found"))
            else:
                writer.write(response(answer))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()


@asynccontextmanager
async def revocation_server() -> AsyncIterator[RevocationServer]:
    """Serve for the block."""
    handlers: list[RevocationServer] = []
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await handlers[0].serve(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    handlers.append(RevocationServer(port=server.sockets[0].getsockname()[1]))
    try:
        yield handlers[0]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def response(
    body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP response."""
    lines = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {text}\r\n" for name, text in lines.items())
    return head.encode("latin-1") + b"\r\n" + body


def raw(content: bytes, *, then: Answer | None = None) -> Answer:
    """Send these bytes, whatever they are; then go on."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        if then is not None:
            await then(writer)

    return answer


def moved(to: str, status: str = "302 Found") -> Answer:
    """A redirect."""
    return raw(response(b"", status=status, headers={"Location": to}))


async def endless(writer: asyncio.StreamWriter) -> None:
    """Bytes without end, as fast as they are taken."""
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def trickle(writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for ever."""
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(_writer: asyncio.StreamWriter) -> None:
    """Nothing, for ever."""
    await asyncio.Event().wait()
