"""`tdh receive --amqp`: a partner's receiving program, on its own queue.

Takes each message, fetches the documents over HTTP, checks their digests, saves them, and
acknowledges the handover. What it did before is found done: it may be ended at any time.
"""

import asyncio
import json
import os
import sys
import uuid
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from relay.amqp.errors import AccessRefused
from relay.amqp.partner import Collected, Failed, Outcome, PartnerProgram, Waiting

EXIT_OK, EXIT_NOT_DONE, EXIT_USAGE, EXIT_NO_INPUT = 0, 1, 64, 66
WITHIN_SECONDS = 60.0


class MissingSetting(Exception):
    """The program cannot know where to connect, or as whom."""

    def __init__(self, exit_code: int, th: str, en: str) -> None:
        super().__init__(f"{th} / {en}")
        self.exit_code = exit_code


def add_arguments(parser: ArgumentParser) -> None:
    """The options that `run_amqp` reads."""
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="where to save")
    parser.add_argument(
        "--amqp-url-file",
        type=Path,
        metavar="FILE",
        help="holds the AMQP address; default: the one file in TDH_HOME/amqp",
    )
    parser.add_argument("--party", metavar="PARTY", help="which file in TDH_HOME/amqp")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--once", action="store_true", help="receive one letter and end (default)")
    mode.add_argument("--follow", action="store_true", help="receive until interrupted")
    parser.add_argument(
        "--within",
        type=float,
        default=WITHIN_SECONDS,
        metavar="SECONDS",
        help="with --once: how long to wait for a letter (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


async def run_amqp(args: Namespace) -> int:
    """Receive; exit 0 received, 1 nothing came or a message failed, 64 and 66 for settings."""
    try:
        program = _program(args, os.environ)
    except MissingSetting as problem:
        print(f"tdh receive: {problem}", file=sys.stderr)
        return problem.exit_code
    failed = False

    def told(outcome: Outcome) -> None:
        nonlocal failed
        failed = failed or isinstance(outcome, Failed)
        print(json.dumps(_plain(outcome), ensure_ascii=False) if args.json else _words(outcome))
        sys.stdout.flush()

    try:
        if args.follow:
            await program.run(told)
        elif (outcome := await program.first(within_seconds=args.within)) is not None:
            told(outcome)
        else:
            failed = True
            seconds = f"{args.within:g}"
            print(
                f"tdh receive: ไม่มีหนังสือเข้ามาภายใน {seconds} วินาที / "
                f"no letter came within {seconds} s",
                file=sys.stderr,
            )
    except AccessRefused as error:
        why = f"คิวปฏิเสธบัญชีนี้ / the broker refuses this account: {error}"
        print(f"tdh receive: {why}", file=sys.stderr)
        return EXIT_NOT_DONE
    except asyncio.CancelledError:
        if not args.follow:
            raise
    return EXIT_NOT_DONE if failed else EXIT_OK


def _program(args: Namespace, environment: Mapping[str, str]) -> PartnerProgram:
    server, token_file = environment.get("TDH_SERVER"), environment.get("TDH_TOKEN_FILE")
    if not server or not token_file:
        raise MissingSetting(
            EXIT_USAGE,
            "ต้องตั้งค่า TDH_SERVER และ TDH_TOKEN_FILE",
            "TDH_SERVER and TDH_TOKEN_FILE must be set",
        )
    return PartnerProgram(
        amqp_url=_read(_url_file(args, environment)),
        server=server,
        token=_read(Path(token_file)),
        folder=args.to,
        new_message_id=lambda: uuid.uuid4().hex,
    )


def _url_file(args: Namespace, environment: Mapping[str, str]) -> Path:
    if args.amqp_url_file is not None:
        return Path(args.amqp_url_file)
    folder = Path(environment.get("TDH_HOME", ".tdh")) / "amqp"
    if args.party is not None:
        return folder / str(args.party).replace(":", "-")
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    if len(found) != 1:
        raise MissingSetting(
            EXIT_USAGE,
            f"ใน {folder} มี {len(found)} บัญชี โปรดระบุ --party หรือ --amqp-url-file",
            f"{folder} has {len(found)} accounts: name one by --party or --amqp-url-file",
        )
    return found[0]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MissingSetting(EXIT_NO_INPUT, f"เปิดไฟล์ไม่ได้ {path}", f"cannot read {path}") from error


def _plain(outcome: Outcome) -> dict[str, object]:
    match outcome:
        case Collected(letter=letter, files=files, evidence=evidence):
            return {
                "outcome": "collected",
                "delivery": letter.delivery,
                "tracking": letter.tracking,
                "subject": letter.subject,
                "sender": letter.sender,
                "files": [str(path) for path in files],
                "evidence": evidence,
            }
        case Waiting(letter=letter):
            return {
                "outcome": "awaiting_acceptance",
                "delivery": letter.delivery,
                "tracking": letter.tracking,
                "subject": letter.subject,
                "sender": letter.sender,
                "due_at": letter.due_at,
            }
        case Failed(message_id=message_id, problem=problem):
            return {
                "outcome": "failed",
                "message": message_id,
                "code": problem.code,
                "detail": str(problem),
            }


def _words(outcome: Outcome) -> str:
    match outcome:
        case Collected(letter=letter, files=files):
            said = f"รับแล้ว / received  {letter.tracking}  {letter.subject}"
            return "\n".join((said, *(f"  {path}" for path in files)))
        case Waiting(letter=letter):
            return (
                f"รอการตอบรับ / awaiting acceptance  {letter.tracking}  {letter.subject}\n"
                f"  ภายใน / until {letter.due_at}:  tdh accept {letter.delivery}"
            )
        case Failed(message_id=message_id, problem=problem):
            return f"ไม่สำเร็จ / failed  {message_id}  {problem.code}: {problem}"
