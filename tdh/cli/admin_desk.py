"""What acts of `tdh admin` on the log share: a database for the time of one act, and how it ends.

A verb is an act: it gets a desk and its arguments, and gives the exit code.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from signing.errors import ProofError
from storage.database import Database, open_database
from storage.service_keys import PostgresServiceKeys
from tdh.config import Config, load
from tdh.domain.errors import CommitUnknown, Conflict, InvalidValue, NotLoggedYet
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED, USAGE, UNAVAILABLE = 1, 64, 69
UNKNOWN = "ไม่ทราบว่าบันทึกแล้วหรือไม่ โปรดสั่งซ้ำ / it is not known whether this took effect, run it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an act works on."""

    database: Database
    config: Config
    now: datetime

    @property
    def keys(self) -> PostgresServiceKeys:
        """What is on record of the service's keys and trust files."""
        return PostgresServiceKeys(self.database)


Act = Callable[[Desk, argparse.Namespace], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What follows `tdh admin`."""

    name: str
    refused: str
    """Thai for: this cannot be done."""

    def add_verb(
        self, verbs: "Subparsers", name: str, act: Act, text: str
    ) -> argparse.ArgumentParser:
        """A verb of the command line, with `--json`."""
        parser = verbs.add_parser(name, help=text)
        parser.add_argument("--json", action="store_true")
        parser.set_defaults(run=partial(self._run, act))
        return parser

    def say(self, text: str, code: int) -> int:
        """Tell on stderr why it ends with this code."""
        print(f"tdh admin {self.name}: {text}", file=sys.stderr)
        return code

    def _run(self, act: Act, args: argparse.Namespace) -> int:
        try:
            return asyncio.run(_at_a_desk(act, args))
        except InvalidValue as error:
            return self.say(f"ค่าไม่ถูกต้อง / bad value: {error}", USAGE)
        except NotLoggedYet as error:
            told = f"ยังไม่อยู่ในหัวสมุดบันทึก ลองใหม่ / in no head yet, try again: {error}"
            return self.say(told, UNAVAILABLE)
        except (ProofError, Conflict) as error:
            return self.say(f"{self.refused} / refused: {error}", REFUSED)
        except CommitUnknown as error:
            return self.say(f"{UNKNOWN}: {error}", UNAVAILABLE)


async def _at_a_desk(act: Act, args: argparse.Namespace) -> int:
    config = load()
    database = await open_database(config.database.dsn, application_name="tdh-admin")
    try:
        return await act(Desk(database=database, config=config, now=CheckedClock().now()), args)
    finally:
        await database.close()
