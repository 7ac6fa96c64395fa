"""The program `tdh-receipts`: holds the receipt key, makes receipts and seals bundles.

It takes arguments only, reads no settings, opens no network and no database. Exit status: 0 after
SIGTERM or SIGINT, 64 for wrong arguments, 66 where key, folder or socket cannot be used. It is
started anew by whoever supervises it.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from signing.receipt.statement import check_public_url
from signing.receipt_maker.desk import ReceiptDesk
from signing.receipt_maker.keys import load_receipt_key
from signing.receipt_maker.seal import Sealing
from signing.sealer.own_process import (
    NO_INPUT,
    ProgramParser,
    die_with,
    leave_at_signals,
    protect_memory,
)
from signing.sealer.server import Server, group_number, listening
from tdh.domain.errors import TDHError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until a signal. Always leaves by SystemExit."""
    options = _parse(arguments)
    leave_at_signals()
    # pyHanko warns at every receipt that nothing is fetched, which is the point.
    logging.getLogger("pyhanko").setLevel(logging.ERROR)
    try:
        if options.parent_pid is not None:
            die_with(options.parent_pid)
        protect_memory()
        _run(options)
    except (TDHError, OSError) as exc:
        _fail(exc)


def _run(options: argparse.Namespace) -> None:
    check_public_url(options.public_url)
    desk = ReceiptDesk(
        folder=options.keys,
        sealing=Sealing(load_receipt_key(options.keys), options.sealer_socket, _now),
        public_url=options.public_url,
        now=_now,
    )
    group = group_number(options.clients_group) if options.clients_group else None
    with listening(options.socket, group) as listener:
        _say("ready")
        Server(listener, desk.answer_payload, group).serve()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = ProgramParser(prog="tdh-receipts", description=__doc__, allow_abbrev=False)
    paths = {
        "socket": "Unix socket to listen on",
        "sealer-socket": "the sealer's, for timestamps",
        "keys": "folder with receipt-key.pem, receipt-certificate.pem, *.crl, trust.json",
    }
    for name, meaning in paths.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=meaning)
    parser.add_argument(
        "--public-url", required=True, help="where this service is reached, for QR codes"
    )
    parser.add_argument(
        "--clients-group", help="name or number of a group that may connect beside our own user"
    )
    parser.add_argument("--parent-pid", type=int, help="end when this parent ends")
    return parser.parse_args(arguments)


def _now() -> datetime:
    return datetime.now(UTC)


def _fail(error: Exception) -> NoReturn:
    _say(str(error))
    raise SystemExit(NO_INPUT) from error


def _say(text: str) -> None:
    sys.stderr.write(f"tdh-receipts: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
