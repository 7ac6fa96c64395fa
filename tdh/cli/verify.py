"""`tdh verify`: check evidence, proofs, timestamps, receipts and bundles, offline.

Exit codes: 0 valid, 1 invalid, 2 cannot tell, 64 usage, 66 a file cannot be opened, 70 internal
error. It asks no network, and believes only the trust file that it is told of: `--trust`, else
`trust.json` in the folder that `TDH_HOME` names, else `/etc/tdh/trust.json`. The demo's default
folder is not looked at: a `.tdh` may have come with the files that are to be checked.
"""

import argparse
import errno
import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from signing.seal_check import Outcome
from signing.trust_file import TRUST_NOBODY, TrustFile, TrustFileError, load_trust_file
from signing.verify.files import verify_files
from signing.verify.report import FileReport, Report, Result, Text
from signing.verify.spoken import plain
from signing.witness_policy import MAX_POLICY_BYTES, PolicyError, WitnessPolicy
from tdh.cli import words

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

EX_USAGE, EX_NOINPUT = 64, 66
SYSTEM_TRUST = Path("/etc/tdh/trust.json")
LONGEST_LINE = 4096
SIGNS: Mapping[Outcome, str] = MappingProxyType(
    {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "–"}
)
EXIT_CODES: Mapping[Result, int] = MappingProxyType(
    {Result.VALID: 0, Result.INVALID: 1, Result.CANNOT_TELL: 2}
)
RESULTS: Mapping[Result, Text] = MappingProxyType(
    {
        Result.VALID: Text(th="ถูกต้อง", en="valid"),
        Result.INVALID: Text(th="ไม่ถูกต้อง", en="INVALID"),
        Result.CANNOT_TELL: Text(th="ยังบอกไม่ได้", en="cannot tell"),
    }
)


def add_parser(subparsers: "Subparsers") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "verify",
        help="check evidence offline (ตรวจหลักฐานแบบออฟไลน์)",
        description="Check evidence (its .tlog-proof beside it is found by name), proofs, "
        "timestamps, receipts and bundles, in any mix, offline. Exit code: 0 valid, 1 invalid, "
        "2 cannot tell.",
    )
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="what to check; of a folder all files"
    )
    add_trust_option(parser)
    parser.add_argument(
        "--at",
        type=words.instant,
        metavar="TIME",
        help="time of the check (RFC 3339); now by default",
    )
    parser.add_argument(
        "--require-anchor", action="store_true", help="the operator's word is not enough"
    )
    parser.add_argument(
        "--witness-policy",
        type=Path,
        metavar="FILE",
        help="which witnesses must have cosigned (c2sp.org/tlog-policy), instead of the trust "
        "file's threshold",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lang", choices=["th", "en"], help="language; by LANG if not given")
    parser.set_defaults(run=run)


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """The option that says whom to believe."""
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="FILE",
        help=f"trust.json: whom to believe; else $TDH_HOME/trust.json, else {SYSTEM_TRUST}",
    )


def run(args: argparse.Namespace, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Check, print, and give the exit code."""
    speak_any_alphabet()
    try:
        trust = chosen_trust(args.trust, os.environ)
        report = verify_files(
            [file for path in args.files for file in files_of(path)],
            trust,
            args.at or now(),
            require_anchor=args.require_anchor,
            policy=_policy(args.witness_policy),
        )
    except OSError as error:
        return cannot_open(error)
    except TrustFileError as error:
        print(f"tdh verify: ไฟล์ความเชื่อถือใช้ไม่ได้ / unusable trust file: {error}", file=sys.stderr)
        return EX_USAGE
    except PolicyError as error:
        print(f"tdh verify: นโยบายพยานใช้ไม่ได้ / unusable witness policy: {error}", file=sys.stderr)
        return EX_USAGE
    if args.json:
        print(json.dumps(report.to_plain(), ensure_ascii=False, indent=2))
    else:
        thai = (args.lang or language()) == "th"
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else LONGEST_LINE
        print("\n".join(picture(report, thai=thai, width=width)))
    return EXIT_CODES[report.result]


def files_of(path: Path) -> list[Path]:
    """The file, or every file below a folder, in order of their names; no link leads out of it.

    Raises OSError for a folder that cannot be read, or that has no file: nothing is not valid.
    """
    if not path.is_dir():
        return [path]

    def refuse(error: OSError) -> NoReturn:
        raise error

    below = sorted(
        Path(folder, name) for folder, _, names in os.walk(path, onerror=refuse) for name in names
    )
    if not below:
        raise FileNotFoundError(errno.ENOENT, "no file in this folder", str(path))
    return below


def chosen_trust(named: Path | None, environment: Mapping[str, str]) -> TrustFile:
    """The trust file that was named, else the installed one, else nobody is trusted.

    Raises OSError for a named one that cannot be read, TrustFileError.
    """
    if named is not None:
        return load_trust_file(named)
    home = environment.get("TDH_HOME")
    installed = [Path(home) / "trust.json"] if home else []
    for path in (*installed, SYSTEM_TRUST):
        try:
            return load_trust_file(path)
        except FileNotFoundError:
            continue
    return TRUST_NOBODY


def _policy(path: Path | None) -> WitnessPolicy | None:
    """Raises OSError, PolicyError."""
    if path is None:
        return None
    with path.open("rb") as file:
        return WitnessPolicy.parse(file.read(MAX_POLICY_BYTES + 1))


def picture(report: Report, *, thai: bool, width: int = LONGEST_LINE) -> Iterator[str]:
    """The report as lines for people, a line a check where they are wide enough."""
    for file in report.files:
        yield from _picture_of_file(file, thai=thai, width=width)
    if len(report.files) > 1:
        counted = f"{len(report.files)} {'ไฟล์' if thai else 'files'}"
        yield f"{_say(RESULTS[report.result], thai=thai)}: {counted}"


def _picture_of_file(file: FileReport, *, thai: bool, width: int) -> Iterator[str]:
    yield f"{plain(file.file, LONGEST_LINE)}: {_say(RESULTS[file.result], thai=thai)}"
    for check in file.checks:
        start = f"  {SIGNS[check.outcome]} {check.id:<12}"
        yield textwrap.fill(
            start + _say(check.text, thai=thai),
            max(width, 2 * len(start)),
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _say(text: Text, *, thai: bool) -> str:
    # Files choose some of the words: nothing of them may move the cursor or turn the line around.
    return plain(text.th if thai else text.en, LONGEST_LINE)


def language() -> str:
    """`th` where the user's language is Thai, else `en`."""
    named = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "th" if named.startswith("th") else "en"


def speak_any_alphabet() -> None:
    """A terminal without Thai letters gets question marks rather than an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def cannot_open(error: OSError) -> int:
    """Say which file, and the exit code."""
    why = error.strerror or str(error)
    print(f"tdh: เปิดไฟล์ไม่ได้ / cannot open {error.filename}: {why}", file=sys.stderr)
    return EX_NOINPUT
