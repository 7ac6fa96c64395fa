"""A timestamp authority that we did not write: `openssl ts -reply` behind a small HTTP server.

It has a root, an issuer and a unit of its own, and can be told to misbehave.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing.certificates import (
    LeafUse,
    Subject,
    Validity,
    make_intermediate,
    make_leaf,
    make_root,
    new_p256_key,
    pem,
)

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
POLICY = "1.3.6.1.4.1.55555.9"
_CONFIGURATION = """
[tsa]
default_tsa = unit
[unit]
serial = serial
signer_cert = unit.pem
certs = {certs}
signer_key = key.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.9
digests = sha256, sha384, sha512
accuracy = {accuracy}
ordering = no
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""

Behaviour = Callable[[bytes], Awaitable[web.StreamResponse]]


class OutsideAuthority:
    """Keys and certificates in a folder, and the program that answers with them."""

    def __init__(self, folder: Path, name: str, *, unit_days: int = 30) -> None:
        """`unit_days`: how long the unit's certificate holds from now; it began 60 days ago."""
        folder.mkdir()
        self.folder, self.name = folder, name
        now = datetime.now(UTC)
        long = Validity(not_before=now - timedelta(days=90), not_after=now + timedelta(days=900))
        self.root = make_root(
            subject=Subject(common_name=f"{name} Root"),
            key=new_p256_key(),
            serial=1,
            validity=long,
        )
        self.issuer = make_intermediate(
            issuer=self.root,
            subject=Subject(common_name=f"{name} Issuer"),
            key=new_p256_key(),
            serial=2,
            validity=long,
        )
        key = new_p256_key()
        self.unit = make_leaf(
            issuer=self.issuer,
            subject=Subject(common_name=f"{name} Unit"),
            public_key=key.public_key(),
            serial=3,
            validity=Validity(
                not_before=now - timedelta(days=60), not_after=now + timedelta(days=unit_days)
            ),
            use=LeafUse.TIMESTAMP,
        )
        self._file("key.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._file("unit.pem", pem(self.unit))
        self._file("issuer.pem", pem(self.issuer.certificate))
        self._file("serial", b"01\n")
        self.roots = [self.root.certificate]
        self.behave: Behaviour = self.honest
        self.asked: list[bytes] = []
        self.url = ""

    def reply(
        self,
        query: bytes,
        *,
        accuracy: str = "secs:1",
        ess: str = "sha256",
        certificates: bytes | None = None,
    ) -> bytes:
        """What openssl answers to a query. `certificates`: PEM of what goes with the unit's."""
        self._file("bag.pem", certificates or pem(self.issuer.certificate))
        configuration = _CONFIGURATION.format(certs="bag.pem", accuracy=accuracy, ess=ess)
        self._file("tsa.cnf", configuration.encode())
        self._file("q.tsq", query)
        done = subprocess.run(
            ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq"],
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def honest(self, query: bytes) -> web.StreamResponse:
        return self.answer(await asyncio.to_thread(self.reply, query))

    @staticmethod
    def answer(body: bytes, **changes: object) -> web.Response:
        return web.Response(**{"body": body, "content_type": REPLY} | changes)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["OutsideAuthority"]:
        """Serve on 127.0.0.1; `url` says where."""
        application = web.Application()
        application.router.add_post("/stamp", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/stamp"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        assert request.content_type == QUERY
        query = await request.read()
        self.asked.append(query)
        return await self.behave(query)

    def _file(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
