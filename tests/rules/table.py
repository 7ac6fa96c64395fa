"""The rules as a table for `signing/README.md`, from the lists themselves. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from tests.rules import chains, cms, containers, fast, intake, pdf, timestamps, xml
from tests.rules.rule import LEFT_ALONE, Rule

SUBJECTS: Mapping[str, Sequence[Rule]] = {
    "PDF": pdf.RULES,
    "XML": xml.RULES,
    "CMS": cms.RULES,
    "Timestamps": timestamps.RULES,
    "Containers": containers.RULES,
    "Chains and revocation": chains.RULES,
    "The fast lane": fast.RULES,
    "Intake": intake.RULES,
}
BEGIN, END = "<!-- rules -->", "<!-- /rules -->"
_HEAD = (
    "| rule | source | function | document that shows it | its answer | without the rule |",
    "| --- | --- | --- | --- | --- | --- |",
)


def table() -> str:
    """All subjects, a table each, as Markdown."""
    return "\n".join(_lines()) + "\n"


def drawn(text: str) -> str:
    """The text with the tables between the marks. Raises ValueError if it has not both."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the text has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def _lines() -> Iterator[str]:
    every = [rule for rules in SUBJECTS.values() for rule in rules]
    alone = sum(rule.stands_alone for rule in every)
    yield f"{len(every)} rows; in {alone} of them nothing but the rule stands between the document"
    yield "and acceptance, in the others something else refuses it, too, under the name given."
    for subject, rules in SUBJECTS.items():
        yield from ("", f"### {subject}", "", *_HEAD)
        yield from map(_row, rules)


def _row(rule: Rule) -> str:
    function = rule.function.removeprefix("signing.judge.")
    answers = " or ".join(sorted(rule.answers)) if len(rule.answers) < 3 else "refused"
    answer = answers if LEFT_ALONE in rule.answers else f"`{answers.replace(' or ', '` or `')}`"
    without = "**accepted**" if rule.stands_alone else f"`{rule.without}`"
    return (
        f"| {rule.about} | {rule.source} | `{function}` | `{rule.vector}` | {answer} | {without} |"
    )
