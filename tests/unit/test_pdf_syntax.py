"""The scanner of unsigned objects: what is plainly written has one end, all else is refused."""

import pytest

from signing.judge.syntax import Ambiguous, object_end, value_end

PLAIN = (
    b"null ", b"true]", b"-1.5 ", b".5>", b"12 0 R>>", b"(a(b)\\)c)", b"<0aF 1>", b"/A#42c ", b"/ ",
    b"[1 2 (x) [/A<41>]]", b"<</A<</B[1 0 R]>>/C(>>)>>", b"<< /A\t1\r\n/B\x00null >>",
)  # fmt: skip
DOUBTFUL = (
    b"<< /A 1 >x", b"<< /A 1 > >", b"<< /A >>", b"<< 1 2 >>", b"<< /A 1 /B >>", b"[1 2", b"(a(b)",
    b"<0g>", b"[12 0 Rx]", b"nullx ", b"+-1 ", b"/A#4x ", b"<< /A % c\n1 >>", b"{1}", b"", b"]",
    b">>", b"[1 0 R0 R]", b"[" * 65 + b"]" * 65,
)  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_value_ends_where_it_should(text: bytes) -> None:
    end = value_end(b"xx" + text, 2) - 2
    assert text[end:] in (b"", b" ", b"]", b">", b">>")


@pytest.mark.parametrize("text", DOUBTFUL)
def test_a_value_that_readers_could_differ_on_is_refused(text: bytes) -> None:
    with pytest.raises(Ambiguous):
        value_end(text, 0)


STREAM = b"4 0 obj\n<< /Length 3 >>\nstream\nabc\nendstream\nendobj\n"


def test_an_object_ends_behind_its_keyword() -> None:
    assert object_end(STREAM, 0, 3) == len(STREAM) - 1
    assert object_end(b"4 0 obj null endobj", 0, None) == len(b"4 0 obj null endobj")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (STREAM, 2),
        (STREAM, 5),
        (STREAM, None),
        (STREAM.replace(b"stream\nabc", b"stream\rabc"), 3),
        (STREAM.replace(b"\nendobj", b"\n% x\nendobj"), 3),
        (STREAM.replace(b"\nendobj", b"\n1 endobj"), 3),
        (STREAM.replace(b"obj\n<<", b"objx<<"), 3),
        (b"4 0 obj null endobjx", None),
    ],
)
def test_an_object_with_something_else_in_it_is_refused(text: bytes, length: int | None) -> None:
    with pytest.raises(Ambiguous):
        object_end(text, 0, length)
