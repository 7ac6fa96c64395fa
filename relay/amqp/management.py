"""Partners' users in the broker: what a partner's program may do, and nothing else.

A user is named by its party's slug. It may declare nothing, write to `tdh.submit` under its own
name only, and read its own four queues. The broker enforces all three (permissions, topic
permission, its check of `user_id`); this module only tells it, by the management interface.
Never keeps a password.
"""

from collections.abc import Mapping
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp

from relay.amqp import names
from relay.amqp.errors import BrokerUnavailable, ManagementRefused
from relay.amqp.topology import declare_party
from tdh.domain.identifiers import PartyId, party_slug

MOST_CONNECTIONS = 16
MOST_CHANNELS = 64
NOTHING = "^$"
TIMEOUT_SECONDS = 10.0
MISSING = 404


def permissions_of(slug: str) -> Mapping[str, str]:
    """Configure, write, read: regular expressions over names, as the broker wants them."""
    return {
        "configure": NOTHING,
        "write": r"^tdh\.submit$",
        "read": rf"^(mailbox|reply|events|dead)\.{slug}$",
    }


def topic_permissions_of(slug: str) -> Mapping[str, str]:
    """Routing keys that the user may publish under: those that begin with its own name."""
    return {"exchange": names.SUBMIT, "write": rf"^{slug}\.", "read": NOTHING}


class PartnerAccounts:
    """Makes and ends the accounts of partners; a context manager (it holds an HTTP session)."""

    def __init__(self, *, management_url: str, amqp_url: str) -> None:
        """Both addresses with name and password of an administrator.

        `amqp_url` is that of the partners' virtual host.
        """
        self._management = management_url.rstrip("/")
        self._amqp = amqp_url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def open(self, party: PartyId, password: str) -> str:
        """Make queues and user of a partner, or give an existing user this password.

        Gives the partner's own AMQP address. Raises ManagementRefused, BrokerUnavailable,
        TopologyMismatch.
        """
        slug = party_slug(party)
        await declare_party(self._amqp, party)
        await self._put(f"users/{slug}", {"password": password, "tags": ""})
        # Before any permission: limits must never come later than rights.
        await self._put(f"user-limits/{slug}/max-connections", {"value": MOST_CONNECTIONS})
        await self._put(f"user-limits/{slug}/max-channels", {"value": MOST_CHANNELS})
        host = names.PARTNER_HOST
        await self._put(f"topic-permissions/{host}/{slug}", topic_permissions_of(slug))
        await self._put(f"permissions/{host}/{slug}", permissions_of(slug))
        return partner_url(self._amqp, slug, password)

    async def close(self, party: PartyId) -> None:
        """Remove the partner's user; its queues and what is in them stay. Raises as `open`."""
        await self._ask("DELETE", f"users/{party_slug(party)}", None)

    async def _put(self, path: str, body: Mapping[str, object]) -> None:
        await self._ask("PUT", path, body)

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> None:
        if self._session is None:
            raise RuntimeError("PartnerAccounts is used as a context manager")
        url = f"{self._management}/api/{path}"
        try:
            async with self._session.request(
                method, url, json=body, allow_redirects=False
            ) as answer:
                if answer.status == MISSING and method == "DELETE":
                    return
                if not answer.ok or answer.status >= 300:  # noqa: PLR2004 - redirects included
                    text = (await answer.text())[:200]
                    raise ManagementRefused(f"{method} {path}", answer.status, text)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BrokerUnavailable(f"management interface: {type(error).__name__}") from error


def partner_url(amqp_url: str, slug: str, password: str) -> str:
    """The address `amqp_url` with the partner's name and password instead of ours."""
    parts = urlsplit(amqp_url)
    place = parts.netloc.rpartition("@")[2]
    who = f"{quote(slug, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{who}@{place}"))
