"""Options: every kind takes what it should, refuses what it should, and survives being stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins import (
    Annotation,
    Choice,
    Choices,
    Column,
    Columns,
    Dataset,
    DateRange,
    File,
    InvalidInput,
    Number,
    Period,
    Secret,
    Text,
    Toggle,
)
from app.plugins.options import applies, default_for, dump, secrets_of, specs
from app.plugins.validation import json_schema, load

COLUMNS = ["id", "body", "likes"]
COLOURS = {"red": "Red", "green": "Green"}


@dataclass(frozen=True)
class Every:
    text: str = Text("Text")
    code: str = Text("Code", pattern=r"[a-z]{3}", default="abc")
    words: str = Text("Words", required=True)
    number: int = Number("Number", 5, minimum=1, maximum=10)
    share: float = Number("Share", 0.5, minimum=0, integer=False)
    colour: str = Choice("Colour", COLOURS)
    colours: tuple[str, ...] = Choices("Colours", COLOURS)
    flag: bool = Toggle("Flag")
    column: str = Column("Column", ("body", "text"))
    other: str = Column("Other column", required=False)
    columns: tuple[str, ...] = Columns("Columns", ("body",))
    span: Period = DateRange("Span")
    file: str = File("File", required=False)
    key: str = Secret("Key")
    dataset: str = Dataset("Dataset", required=False)
    note: str = Annotation("Note")
    depth: int = Number("Depth", 2, requires={"flag": True})


def loaded(**given: Any) -> Every:
    return load(Every, {"words": "w", **given}, COLUMNS)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("text", "any ✓ text", "any ✓ text"),
        ("code", "xyz", "xyz"),
        ("number", "7", 7),
        ("number", 10, 10),
        ("share", "0.25", 0.25),
        ("colour", "green", "green"),
        ("colours", "red, green,red", ("red", "green")),
        ("colours", [], ()),
        ("flag", "on", True),
        ("flag", "", False),
        ("flag", "false", False),
        ("column", "id", "id"),
        ("other", "", ""),
        ("columns", ["likes", "id"], ("likes", "id")),
        ("columns", "likes,id", ("likes", "id")),
        ("span", {"after": "2026-01-01"}, Period(datetime(2026, 1, 1, tzinfo=UTC), None)),
        ("span", ",1767225600", Period(None, datetime(2026, 1, 1, tzinfo=UTC))),
        ("span", ["2026-01-01T02:00:00+02:00", None], Period(datetime(2026, 1, 1, tzinfo=UTC), None)),
        ("key", "s3cret", "s3cret"),
    ],
)
def test_a_good_value_is_taken(name: str, value: Any, expected: Any) -> None:
    assert getattr(loaded(**{name: value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", 5),
        ("code", "abcd"),
        ("code", "ABC"),
        ("words", ""),
        ("number", "many"),
        ("number", 0),
        ("number", 11),
        ("number", "3.5"),
        ("share", -0.1),
        ("share", "much"),
        ("colour", "blue"),
        ("colours", ["red", "blue"]),
        ("flag", "perhaps"),
        ("column", "nope"),
        ("column", ""),
        ("other", "nope"),
        ("columns", ["nope"]),
        ("columns", []),
        ("span", "yesterday,"),
        ("span", ["2026-02-01", "2026-01-01"]),
        ("span", {"from": "2026-01-01"}),
        ("span", "2026-01-01"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(**{name: value})
    assert set(caught.value.fields) == {name}
    assert all(len(text) > 8 for text in caught.value.fields[name])


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        load(Every, {"number": "x", "colour": "blue", "typo": 1}, COLUMNS)
    assert set(caught.value.fields) == {"words", "number", "colour", "typo"}


def test_hyphens_and_underscores_are_one() -> None:
    @dataclass(frozen=True)
    class Options:
        top_n: int = Number("N", 1)

    assert load(Options, {"top-n": 4}).top_n == load(Options, {"top_n": 4}).top_n == 4


def test_an_option_that_does_not_apply_keeps_its_default() -> None:
    assert loaded(depth=9).depth == 2
    assert loaded(depth=9, flag=True).depth == 9
    assert not applies(specs(Every)["depth"], {"flag": False})


def test_columns_that_are_not_known_yet_are_taken_as_they_come() -> None:
    options = load(Every, {"words": "w", "column": "later", "columns": ["soon"]}, None)
    assert (options.column, options.columns) == ("later", ("soon",))


@pytest.mark.parametrize(
    ("columns", "expected"), [(None, "body"), (["text"], "text"), (["x"], ""), (["text", "body"], "body")]
)
def test_the_default_column_is_the_first_that_is_there(columns: list[str] | None, expected: str) -> None:
    assert default_for(specs(Every)["column"], columns) == expected


def test_secrets_are_known() -> None:
    assert secrets_of(Every) == ["key"]


def test_the_json_schema_lists_columns_and_limits() -> None:
    schema = json_schema(Every, COLUMNS)
    assert schema["properties"]["column"]["enum"] == COLUMNS
    assert schema["properties"]["number"]["maximum"] == 10
    assert schema["required"] == ["words"]
    assert schema["additionalProperties"] is False


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
PERIODS = st.one_of(
    st.just(Period()),
    MOMENTS.map(lambda start: Period(start, None)),
    MOMENTS.map(lambda end: Period(None, end)),
    MOMENTS.map(lambda start: Period(start, start + timedelta(days=1))),
)
OPTIONS = st.builds(
    Every,
    text=st.text(),
    code=st.from_regex(r"[a-z]{3}", fullmatch=True),
    words=st.text(min_size=1),
    number=st.integers(1, 10),
    share=st.floats(0, 1e9),
    colour=st.sampled_from(list(COLOURS)),
    colours=st.lists(st.sampled_from(list(COLOURS)), unique=True).map(tuple),
    flag=st.just(True),
    column=st.sampled_from(COLUMNS),
    other=st.sampled_from(["", *COLUMNS]),
    columns=st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1).map(tuple),
    span=PERIODS,
    depth=st.integers(),
)


@given(OPTIONS)
def test_options_survive_being_stored_as_json(options: Every) -> None:
    stored = json.loads(json.dumps(dump(options)))
    assert load(Every, stored, COLUMNS) == options


@given(
    st.dictionaries(
        st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text())), max_size=4
    )
)
def test_nonsense_is_refused_and_never_breaks(nonsense: dict[str, Any]) -> None:
    try:
        options = load(Every, {"words": "w", **nonsense}, COLUMNS)
    except InvalidInput as error:
        assert error.fields
        return
    assert isinstance(options, Every)
