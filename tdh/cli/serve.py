"""`tdh serve`, `tdh sealer`, `tdh migrate`: the operator's programs."""

import argparse
import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

from tdh import app, roles, trust
from tdh.config import load
from tdh.roles import Role

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name


def add_parser(subparsers: "Subparsers") -> None:
    """Add the three commands."""
    serve = subparsers.add_parser("serve", help="run the service, or one role of it")
    serve.add_argument("--role", choices=[role.value for role in Role], help="only this role")
    serve.add_argument("--json", action="store_true", help="log lines as JSON, whatever is set")
    serve.set_defaults(run=_serve)
    sealer = subparsers.add_parser("sealer", help="run the process that seals")
    sealer.set_defaults(run=_sealer)
    migrate = subparsers.add_parser("migrate", help="prepare database and queues")
    migrate.add_argument("--json", action="store_true")
    migrate.set_defaults(run=_migrate)


def _serve(args: argparse.Namespace) -> int:
    roles.follow_parent()
    if args.json:
        os.environ["TDH_TELEMETRY__HUMAN"] = "false"  # for the roles that are started, too
    config = load()
    if args.role is None:
        trust.check_folder(config.judge)  # before anything is started: it would not become better
        asyncio.run(roles.run_all(config))
    elif args.role == Role.SEALER:
        return _sealer(args)
    elif args.role == Role.RECEIPTS:
        command = roles.receipts_command(config)
        os.execv(command[0], command)  # noqa: S606 - our own program, by its path
    else:
        asyncio.run(roles.run_role(Role(args.role), config))
    return 0


def _sealer(_args: argparse.Namespace) -> int:
    """Become the sealer: nothing of this process remains in it."""
    command = roles.sealer_command(load())
    os.execv(command[0], command)  # noqa: S606 - our own program, by its path


def _migrate(args: argparse.Namespace) -> int:
    applied = asyncio.run(app.migrate(load()))
    if args.json:
        print(json.dumps({"applied": list(applied)}))
    else:
        for name in applied:
            print(f"applied {name}")
        print("database and queues are ready", file=sys.stderr)
    return 0
