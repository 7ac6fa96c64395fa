"""The message between deposit and delivery side: a JSON list of outbox ids, nothing else.

It carries no content and no names: the outbox row is the record, the message only says "now".
"""

import json
from collections.abc import Sequence

from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import OutboxId

MOST_IDS = 1024
LONGEST_BODY = 32 * 1024
LARGEST_ID = 2**63 - 1


def print_batch(rows: Sequence[OutboxId]) -> bytes:
    """The body of a message for these rows."""
    return json.dumps(rows, separators=(",", ":")).encode("ascii")


def parse_batch(body: bytes) -> tuple[OutboxId, ...]:
    """Inverse of `print_batch`. Raises InvalidValue for anything but such a list."""
    if len(body) > LONGEST_BODY:
        raise InvalidValue("body", f"longer than {LONGEST_BODY} bytes")
    try:
        plain = json.loads(body.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise InvalidValue("body", "not JSON in ASCII") from error
    if not isinstance(plain, list) or not 1 <= len(plain) <= MOST_IDS:
        raise InvalidValue("body", f"not a list of 1 to {MOST_IDS} ids")
    if not all(type(row) is int and 0 < row <= LARGEST_ID for row in plain):
        raise InvalidValue("body", "holds something that is no id")
    if len(set(plain)) != len(plain):
        raise InvalidValue("body", "names an id twice")
    return tuple(OutboxId(row) for row in plain)
