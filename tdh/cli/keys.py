"""`tdh keys`: makes the keys of the sealer, once, and the trust file that strangers verify with."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from signing.sealer.ceremony import make_keys
from tdh.config import ConfigError, IssuerConfig, load
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED = 1


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser("keys", help="make the seal, log, timestamp and receipt keys")
    parser.add_argument("--trust-out", type=Path, required=True, help="trust.json to write")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the keys in the folder of the settings; refuse where there are some."""
    config = load()
    if config.issuer.origin == IssuerConfig().origin:
        raise ConfigError("issuer.origin", "is still the example's; a log keeps its name for ever")
    # Before the keys: they are made once, and without the trust file nobody could verify.
    partial = args.trust_out.with_name(args.trust_out.name + ".partial")
    partial.touch()
    try:
        keys = make_keys(
            config.sealer.keys,
            origin=config.issuer.origin,
            organization=config.issuer.name_en,
            now=CheckedClock().now(),
            receipts=config.receipts.keys,
        )
        partial.write_bytes(keys.trust().text())
        partial.replace(args.trust_out)
    except FileExistsError as error:
        said = f"มีกุญแจอยู่แล้ว ระบบไม่เขียนทับ / keys are never replaced: {error.filename} is there"
        print(f"tdh keys: {said}", file=sys.stderr)
        return REFUSED
    finally:
        partial.unlink(missing_ok=True)
    answer = {"keys": str(config.sealer.keys), "trust": str(args.trust_out)}
    print(
        json.dumps(answer) if args.json else f"keys in {answer['keys']}, trust in {args.trust_out}"
    )
    return 0
