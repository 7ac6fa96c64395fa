"""The program `tdh-sealer`: holds the seal, the log's key and the timestamping unit.

It takes arguments only and reads no settings. Exit status: 0 after SIGTERM or SIGINT, 64 for wrong
arguments, 66 where keys, folder or socket cannot be used, 74 where the ledger cannot be trusted any
more. It is started anew by whoever supervises it.
"""

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from signing.sealer import frames
from signing.sealer.crash_points import CrashPoint, crash_at, no_crash
from signing.sealer.desk import Desk, HeadMaker, Keys
from signing.sealer.errors import LedgerError, SealerSetupError
from signing.sealer.heads import Heads
from signing.sealer.kernel_clock import kernel_problem, unasked
from signing.sealer.key_ends import soon_ending
from signing.sealer.key_files import DEFAULT_TSA_POLICY, IssuerNames, KeyFiles, load_keys
from signing.sealer.ledger import Ledger
from signing.sealer.own_process import (
    IO_ERROR,
    NO_INPUT,
    ProgramParser,
    die_with,
    leave_at_signals,
    protect_memory,
)
from signing.sealer.pkcs11 import SCHEME, TokenAccess
from signing.sealer.serials import Serials
from signing.sealer.server import LastAnswer, Server, group_number, listening
from tdh.domain.errors import TDHError

CRASH_POINT = "TDH_CRASH_POINT"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until a signal. Always leaves by SystemExit."""
    options = _parse(arguments)
    leave_at_signals()
    try:
        if options.parent_pid is not None:
            die_with(options.parent_pid)
        protect_memory()
        _run(options)
    except LedgerError as exc:
        _fail(exc, IO_ERROR)
    except (TDHError, OSError) as exc:
        _fail(exc, NO_INPUT)


def _run(options: argparse.Namespace) -> None:
    names = IssuerNames(
        name_th=options.issuer_th,
        name_en=options.issuer_en,
        policies=tuple(options.policy),
        origin=options.origin,
        uri_base=options.uri_base,
        tsa_policies=tuple(options.tsa_policy) or (DEFAULT_TSA_POLICY,),
    )
    files = KeyFiles(
        seal_key=Path(options.seal_key),
        seal_token=options.seal_key if options.seal_key.startswith(SCHEME) else "",
        seal_certificate=options.seal_certificate,
        log_key=options.log_key[0],
        more_log_keys=tuple(options.log_key[1:]),
        tsa_key=Path(options.tsa_key),
        tsa_token=options.tsa_key if options.tsa_key.startswith(SCHEME) else "",
        tsa_certificate=options.tsa_certificate,
    )
    access = None
    if options.pkcs11_module is not None and options.pkcs11_pin_file is not None:
        access = TokenAccess(
            module=options.pkcs11_module, pin_file=options.pkcs11_pin_file, state=options.state
        )
    point = os.environ.get(CRASH_POINT, "")
    with _alone(options.state):
        keys = load_keys(files, names, access)
        _serve(options, keys, crash_at(point) if point else no_crash)


def _serve(options: argparse.Namespace, keys: Keys, crash: CrashPoint) -> None:
    with (
        closing(Ledger(options.state, options.epoch)) as ledger,
        closing(Serials(options.state)) as serials,
    ):
        make = HeadMaker(keys, serials, _now)
        heads = Heads(options.state, epoch=ledger.epoch, make=make, crash=crash)
        accuracy = keys.timestamps.accuracy
        desk = Desk(
            keys=keys,
            ledger=ledger,
            heads=heads,
            serials=serials,
            now=_now,
            crash=crash,
            clock_problem=kernel_problem(accuracy) if options.kernel_clock else unasked,
        )
        group = group_number(options.clients_group) if options.clients_group else None
        with closing(heads), listening(options.socket, group) as listener:
            ends = "".join(f"; {one}" for one in soon_ending(keys, _now()))
            _say(f"ready: epoch {ledger.epoch}, {ledger.count} uses, head {heads.size}{ends}")
            Server(listener, partial(_answer, desk), group).serve()


def _answer(desk: Desk, payload: bytes) -> bytes:
    answer = frames.encode_answer(desk.answer(frames.decode_request(payload)))
    if desk.gone is not None:
        raise LastAnswer(answer, desk.gone)
    return answer


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = ProgramParser(prog="tdh-sealer", description=__doc__, allow_abbrev=False)
    paths = {
        "socket": "Unix socket to listen on",
        "seal-certificate": "PEM: the seal's certificate, then its issuers",
        "tsa-certificate": "PEM: for timestamping alone, then its issuers",
        "state": "folder of ledger and heads; never restore it from an old back-up",
    }
    for name, meaning in paths.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=meaning)
    keys = {
        "seal-key": "PEM file or pkcs11: URI; P-256, or RSA from 3,072 bits",
        "tsa-key": "PEM file or pkcs11: URI; P-256 or RSA",
    }
    for name, meaning in keys.items():
        parser.add_argument(f"--{name}", required=True, help=meaning)
    parser.add_argument(
        "--log-key",
        type=Path,
        action="append",
        required=True,
        help="PEM: Ed25519; each further one signs every head too",
    )
    parser.add_argument("--pkcs11-module", type=Path, help="library of the token that keys lie in")
    parser.add_argument("--pkcs11-pin-file", type=Path, help="its user's PIN, one line")
    parser.add_argument("--origin", required=True, help="the log's name, which never changes")
    parser.add_argument("--issuer-th", required=True, help="the operator's name in Thai")
    parser.add_argument("--issuer-en", required=True, help="the operator's name in English")
    parser.add_argument("--policy", action="append", default=[], help="URI; may be repeated")
    parser.add_argument("--uri-base", required=True, help="own events and reasons are below it")
    parser.add_argument(
        "--tsa-policy",
        action="append",
        default=[],
        help=f"OID in tokens ({DEFAULT_TSA_POLICY}); more may be asked for by further ones",
    )
    parser.add_argument(
        "--kernel-clock",
        action="store_true",
        help="no timestamps on request while the kernel says that its clock is not synchronised",
    )
    parser.add_argument(
        "--clients-group", help="name or number of a group that may connect beside our own user"
    )
    parser.add_argument(
        "--epoch", type=int, help="begin this epoch of the ledger (after a restore)"
    )
    parser.add_argument("--parent-pid", type=int, help="end when this parent ends")
    return parser.parse_args(arguments)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Hold the state folder: two sealers would write two histories."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(state / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as lock:
        os.fchmod(handle, 0o600)  # one made before may be open to others
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SealerSetupError(f"{state}: another sealer uses this folder") from exc
        yield


def _now() -> datetime:
    return datetime.now(UTC)


def _fail(error: Exception, status: int) -> NoReturn:
    _say(str(error))
    raise SystemExit(status) from error


def _say(text: str) -> None:
    sys.stderr.write(f"tdh-sealer: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
