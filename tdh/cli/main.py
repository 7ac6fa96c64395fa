"""`tdh`: finds the command, imports only it, turns errors into exit codes.

0 done; 1 the answer is no; 2 cannot tell; 64 usage, 66 a file cannot be opened, 69 a service is
not reachable, 70 internal error, 78 bad settings (sysexits.h); 141 nobody read the answer, which
must not look like a yes. `TDH_TRACEBACK=1` shows where an internal error came from.
"""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from tdh.config import ConfigError
from tdh.domain.errors import TDHError

USAGE, NO_INPUT, UNAVAILABLE, INTERNAL, BAD_CONFIG, INTERRUPTED = 64, 66, 69, 70, 78, 130
UNREAD = 141
"""As shells say it of a program that SIGPIPE ended."""

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("tdh.cli.demo", "เล่าเรื่องทั้งระบบ / tell the whole story on real servers"),
    "serve": ("tdh.cli.serve", "ให้บริการ / run the service, or one role of it"),
    "sealer": ("tdh.cli.serve", "กระบวนการประทับตรา / run the process that seals"),
    "migrate": ("tdh.cli.serve", "เตรียมฐานข้อมูลและคิว / prepare database and queues"),
    "keys": ("tdh.cli.keys", "สร้างกุญแจประทับตรา / make the seal, log and timestamp keys"),
    "validate": ("tdh.cli.validate", "ตรวจลายมือชื่อในเอกสาร / judge a signed document"),
    "trust": ("tdh.cli.trust", "ไฟล์ความเชื่อถือ / your own trust file: read out, and renewed"),
    "verify": ("tdh.cli.verify", "ตรวจหลักฐานแบบออฟไลน์ / check evidence offline"),
    "doctor": ("tdh.cli.doctor", "ตรวจสุขภาพระบบ / whether an installation is well"),
    "audit": ("tdh.cli.audit", "ตรวจสอบทั้งระบบ / audit an installation"),
    "witness": ("tdh.cli.witness", "พยานของบันทึก / watch and cosign other people's logs"),
    "send": ("tdh.cli.letters", "ส่งหนังสือ / send a letter"),
    "inbox": ("tdh.cli.letters", "ดูตู้ไปรษณีย์ดิจิทัล / list the inbox"),
    "show": ("tdh.cli.letters", "ดูรายละเอียด / show a letter or delivery"),
    "accept": ("tdh.cli.letters", "ลงรับ / accept a delivery"),
    "refuse": ("tdh.cli.letters", "ปฏิเสธ / refuse a delivery"),
    "receive": ("tdh.cli.letters", "รับเอกสาร / fetch documents, acknowledge"),
    "track": ("tdh.cli.letters", "ติดตาม / follow a tracking number"),
    "evidence": ("tdh.cli.letters", "เก็บหลักฐาน / save evidence and proofs"),
    "bundle": ("tdh.cli.letters", "ชุดหลักฐาน (.asice) / save a bundle of evidence"),
    "receipt": ("tdh.cli.letters", "ใบรับ (PDF) / save a receipt (PDF)"),
    "admin": ("tdh.cli.admin", "ผู้ดูแล / parties, tokens, whom the judge trusts, parked work"),
}


OPERATORS = frozenset({"serve", "sealer", "migrate", "keys", "audit", "doctor", "admin"})
SETTINGS = (
    "Settings: the TOML file that TDH_CONFIG names, then the variables TDH_<SECTION>__<KEY>. "
    "Each is explained in deploy/tdh.example.toml."
)


class Parser(argparse.ArgumentParser):
    """argparse with the usage error of sysexits.h, for its subcommands too."""

    chosen: argparse.ArgumentParser | None = None
    """That of the command, which knows how it is called."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the words of the call, and exit 64."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def build_parser(command: str | None) -> Parser:
    """The parser; only `command`'s own module is imported."""
    parser = Parser(prog="tdh", description="TDH: registered electronic delivery.")
    parser.add_argument("--version", action="version", version="tdh 0.1.0")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = COMMANDS.get(command or "", ("", ""))[0]
    if wanted:
        importlib.import_module(wanted).add_parser(subparsers)
    for name, (module, summary) in COMMANDS.items():
        if module != wanted:
            subparsers.add_parser(name, help=summary)
    if command in COMMANDS:
        chosen = parser.chosen = subparsers.choices[command]
        chosen.description = chosen.description or COMMANDS[command][1]
        chosen.epilog = SETTINGS if command in OPERATORS else chosen.epilog
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in words if not word.startswith("-")), None)
    parser = build_parser(command)
    args, left = parser.parse_known_args(words)
    if left:
        (parser.chosen or parser).error(f"ไม่รู้จัก / unrecognized arguments: {' '.join(left)}")
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that has no Thai still gets the English
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code  # noqa: TRY300 - the answer counts once it is out
    except ConfigError as error:
        print(f"tdh: การตั้งค่าไม่ถูกต้อง / bad setting: {error}", file=sys.stderr)
        return BAD_CONFIG
    except TDHError as error:
        thai = "ระบบยังไม่พร้อม ลองใหม่ภายหลัง" if error.retryable else "ทำไม่สำเร็จ"
        print(f"tdh: {thai} / {error.code}: {error}", file=sys.stderr)
        return UNAVAILABLE if error.retryable else INTERNAL
    except BrokenPipeError:
        _write_nowhere()
        return UNREAD
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if error.filename is None:
            return _defect(error)
        why = error.strerror or str(error)
        print(f"tdh: เปิดไฟล์ไม่ได้ / cannot open {error.filename}: {why}", file=sys.stderr)
        return NO_INPUT
    except Exception as defect:  # noqa: BLE001 - the last line of defence of every command
        return _defect(defect)


def _write_nowhere() -> None:
    """Let what is still to be written vanish, so that the interpreter does not complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _defect(defect: Exception) -> int:
    kind = type(defect).__name__
    print(f"tdh: ระบบขัดข้อง / internal error: {kind}: {defect}", file=sys.stderr)
    if os.environ.get("TDH_TRACEBACK"):
        traceback.print_exc()
    return INTERNAL
