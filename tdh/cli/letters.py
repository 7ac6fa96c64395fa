"""The commands of senders and recipients: they talk to a service over HTTP."""

from typing import Any

from tdh.cli import bundle, reading, receipt, receive_http, saving, send
from tdh.cli.client import Subparsers


def add_parser(subparsers: "Subparsers[Any]") -> None:
    """Describe the commands of both parties."""
    send.add_parser(subparsers)
    reading.add_parsers(subparsers)
    receive_http.add_parser(subparsers)
    saving.add_parser(subparsers)
    receipt.add_parser(subparsers)
    bundle.add_parser(subparsers)
