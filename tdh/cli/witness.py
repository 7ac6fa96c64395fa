"""`tdh witness`: cosigns heads of other people's logs, with keys and a memory of its own."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from signing.checkpoint import NoteError
from signing.cosignature import CosignatureKind
from signing.witness_keys import WitnessKeyError
from tdh.config import ConfigError
from tdh.witness.errors import WitnessSetupError
from tdh.witness.program import ALL_KINDS, Settings, keygen, serve

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED = 1
KINDS = {
    "both": ALL_KINDS,
    "ed25519": (CosignatureKind.ED25519,),
    "ml-dsa-44": (CosignatureKind.ML_DSA_44,),
}
_MOST_LOGS_BYTES = 1 << 20
_MOST_PORT = 65535


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser("witness", help="cosign heads of other people's logs")
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    make = steps.add_parser("keygen", help="make keys, and the folder that remembers for them")
    make.add_argument("--name", required=True, help="of the witness: a URL without its scheme")
    make.add_argument("--key", type=Path, required=True, help="file to write; never replaced")
    make.add_argument("--state", type=Path, required=True, help="folder to make, or to go on with")
    make.add_argument("--kind", choices=KINDS, default="both", help="of signatures (both)")
    make.add_argument("--json", action="store_true")
    make.set_defaults(run=_keygen)
    run = steps.add_parser("serve", help="answer add-checkpoint (c2sp.org/tlog-witness)")
    run.add_argument("--listen", required=True, metavar="HOST:PORT", help="a proxy ends TLS")
    run.add_argument("--key", type=Path, required=True)
    run.add_argument("--state", type=Path, required=True)
    run.add_argument("--log", action="append", default=[], metavar="VKEY", help="a log to watch")
    run.add_argument("--logs", type=Path, help="file of them: one a line, # before remarks")
    run.set_defaults(run=_serve)


def _keygen(args: argparse.Namespace) -> int:
    try:
        vkeys = keygen(args.key, args.state, args.name, KINDS[args.kind])
    except FileExistsError as error:
        said = f"มีกุญแจอยู่แล้ว ระบบไม่เขียนทับ / keys are never replaced: {error.filename} is there"
        print(f"tdh witness: {said}", file=sys.stderr)
        return REFUSED
    except NoteError as error:
        raise ConfigError("--name", str(error)) from error
    if args.json:
        print(json.dumps({"name": args.name, "vkeys": list(vkeys)}))
    else:
        for vkey in vkeys:
            print(f"กุญแจตรวจ / verifier key:\n{vkey}")
        more = "--listen 127.0.0.1:8470 --log VKEY"
        print(
            "แจ้งกุญแจตรวจแก่ผู้ตรวจและผู้ให้บริการ แล้วเริ่มเป็นพยาน / give these to the log's operator and "
            "to whoever verifies, then begin:\n"
            f"tdh witness serve --key {args.key} --state {args.state} {more}"
        )
    return 0


def _serve(args: argparse.Namespace) -> int:
    host, colon, port = args.listen.rpartition(":")
    if not (colon and port.isascii() and port.isdecimal() and int(port) <= _MOST_PORT):
        raise ConfigError("--listen", "is HOST:PORT")
    settings = Settings(
        host=host.removeprefix("[").removesuffix("]"),
        port=int(port),
        key=args.key,
        state=args.state,
        logs=(*args.log, *_listed(args.logs)),
    )
    try:
        serve(settings, lambda address: print(f"witness at {address}", flush=True))
    except WitnessKeyError as error:
        raise ConfigError(f"--key {args.key}", str(error)) from error
    except WitnessSetupError as error:
        raise ConfigError("witness", str(error)) from error
    return 0


def _listed(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    with path.open("rb") as file:
        content = file.read(_MOST_LOGS_BYTES + 1)
    if len(content) > _MOST_LOGS_BYTES:
        raise ConfigError(f"--logs {path}", "is too long")
    try:
        lines = [line.strip() for line in content.decode().splitlines()]
    except UnicodeDecodeError as exc:
        raise ConfigError(f"--logs {path}", "is not UTF-8") from exc
    return tuple(line for line in lines if line and not line.startswith("#"))
