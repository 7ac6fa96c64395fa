"""What escapes from other people's parsers on damaged input: seen, not documented."""

OF_PARSERS = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    AssertionError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
)
