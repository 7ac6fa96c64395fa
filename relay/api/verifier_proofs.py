"""`/verify/NAME.tlog-proof`: that the public log has the digest of a small verifier that is served.

For everybody. Whoever got the file somewhere checks this proof under a trust file that he has from
somewhere else, and compares the digest in its entry with the file's.
"""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import hdrs, web

from relay.api.callers import known
from relay.api.routes import Bytes, Handler, Operation, Route
from tdh.domain.errors import NotLoggedYet
from tdh.domain.published import PublishedFile

_PROOF = "text/plain"


class PublishedVerifiers(Protocol):
    """The digests that the log has."""

    async def proof(self, file: PublishedFile) -> bytes | None:
        """The tlog-proof of a file's entry; None before it is entered. Raises NotLoggedYet."""
        ...


class VerifierProofs:
    """Gives the proofs out."""

    def __init__(self, published: PublishedVerifiers, files: Sequence[PublishedFile]) -> None:
        self._published, self._files = published, files

    def routes(self) -> tuple[Route, ...]:
        return tuple(
            Route(
                method="GET",
                path=f"{file.path}.tlog-proof",
                handler=self._giving(file),
                operation=Operation(
                    id=f"readVerifierProof{number}",
                    en=f"That the public log has the digest of {file.name} (C2SP tlog-proof).",
                    th=f"ข้อพิสูจน์ว่าค่าแฮชของ {file.name} อยู่ในสมุดบันทึกสาธารณะ",
                    answers={200: (Bytes(media_type=_PROOF),)},
                    public=True,
                    problems=("not-logged-yet",),
                ),
            )
            for number, file in enumerate(self._files)
        )

    def _giving(self, file: PublishedFile) -> Handler:
        async def give(request: web.Request) -> web.Response:
            known(request.query)
            proof = await self._published.proof(file)
            if proof is None:
                raise NotLoggedYet("this version is not entered into the log yet")
            answer = web.Response(body=proof, content_type=_PROOF, charset="utf-8")
            answer.headers[hdrs.CACHE_CONTROL] = "no-cache"
            return answer

        return give
