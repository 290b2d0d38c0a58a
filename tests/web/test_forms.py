"""Options as controls, and what a form sends as options again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import MultiDict

from app.plugins import Choice, Choices, Column, Columns, DateRange, Number, Period, Secret, Text, Toggle
from app.plugins.options import dump
from app.plugins.validation import load
from app.web.forms import Control, controls, in_words, read_form
from app.web.shown import coded, number, ordinal, seconds, size


@dataclass(frozen=True)
class Options:
    """One of each."""

    words: str = Text("Words", "tea", long=True)
    how: str = Choice("How", {"a": "First way", "b": "Second way"})
    many: tuple[str, ...] = Choices("Many", {"x": "Ex", "y": "Why"}, ["x"])
    top: int = Number("Top", 10, minimum=1, maximum=99, requires={"exact": False})
    exact: bool = Toggle("Exact", True)
    column: str = Column("Column", ["missing", "body"])
    columns: tuple[str, ...] = Columns("Columns", ["id", "missing"])
    period: Period = DateRange("Period")
    key: str = Secret("Key")


COLUMNS = ["id", "body", "likes"]


def _by_name(**given: object) -> dict[str, Control]:
    return {control.name: control for control in controls(Options, COLUMNS, given)}


def test_defaults_fill_the_controls() -> None:
    found = _by_name()
    assert [found[name].shape for name in ("words", "how", "many", "top")] == ["lines", "select", "ticks", "input"]
    assert found["column"].value == "body"
    assert found["columns"].value == ["id"]
    assert found["top"].is_hidden
    assert found["top"].requires == '{"exact": ["false"]}'
    assert (found["top"].minimum, found["top"].maximum) == (1, 99)


def test_columns_are_typed_while_they_are_not_known() -> None:
    found = {control.name: control for control in controls(Options, None)}
    assert found["column"].shape == "input"
    assert found["columns"].shape == "input"


def test_secrets_are_never_shown_again() -> None:
    assert _by_name(key="hidden")["key"].value == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([("exact.shown", "1")], {"exact": False}),
        ([("exact.shown", "1"), ("exact", "true")], {"exact": True}),
        ([("many.shown", "1")], {"many": []}),
        ([("many", "x"), ("many", "y")], {"many": ["x", "y"]}),
        ([("top", " ")], {}),
        ([("words", "a\r\nb")], {"words": "a\nb"}),
        ([("period.after", "2026-01-01"), ("period.before", "")], {"period": {"after": "2026-01-01", "before": ""}}),
        ([("unknown", "1")], {}),
    ],
)
def test_forms_are_read(values: list[tuple[str, str]], expected: dict[str, object]) -> None:
    assert read_form(Options, MultiDict(values)) == expected


def test_a_form_sent_unchanged_gives_the_same_options() -> None:
    chosen = load(
        Options,
        {"how": "b", "exact": False, "top": 5, "period": {"after": "2026-01-02", "before": "2026-02-03T04:05"}},
        COLUMNS,
    )
    sent: list[tuple[str, str]] = []
    for control in controls(Options, COLUMNS, dump(chosen)):
        if control.shape == "daterange":
            sent += zip(("period.after", "period.before"), control.value, strict=True)
        elif control.shape == "ticks":
            sent += [(f"{control.name}.shown", "1"), *((control.name, value) for value in control.value)]
        elif control.shape == "toggle":
            sent += [(f"{control.name}.shown", "1"), *([(control.name, "true")] if control.value else [])]
        else:
            sent.append((control.name, control.value))
    again = load(Options, read_form(Options, MultiDict(sent)), COLUMNS)
    assert again == chosen
    assert again.period.before == datetime(2026, 2, 3, 4, 5, tzinfo=UTC)


def test_parameters_are_put_in_words() -> None:
    words = dict((label, text) for label, text, _ in in_words(Options, dump(load(Options, {}, COLUMNS))))
    assert words["How"] == "First way"
    assert words["Many"] == "Ex"
    assert words["Exact"] == "yes"
    assert "Top" not in words
    assert "Period" not in words
    lines = dump(load(Options, {"words": "tea,\nhot coffee\n\n"}, COLUMNS))
    assert ("Words", "tea, hot coffee", False) in in_words(Options, lines), "which a paragraph can hold"


def test_values_are_shown_for_people() -> None:
    assert [number(value) for value in (1000, 1234567.0, 0.12345, None)] == ["1,000", "1,234,567", "0.1235", ""]
    assert [size(value) for value in (999, 1500, 123_456, 2_500_000_000)] == ["999 bytes", "1.5 kB", "123 kB", "2.5 GB"]
    assert [seconds(value) for value in (0.01, 75, 600, 9000)] == ["0.1 s", "75 s", "10 min", "2.5 h"]
    assert [ordinal(place) for place in (1, 2, 3, 4, 11, 21)] == ["1st", "2nd", "3rd", "4th", "11th", "21st"]
    assert coded("a `b` <c>") == "a <code>b</code> &lt;c&gt;"
    assert coded("one ` only") == "one ` only"
