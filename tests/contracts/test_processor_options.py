"""What holds for the options of every processor and preset."""

from __future__ import annotations

from typing import Any

import pytest

from app.plugins import InvalidInput, Processor
from app.plugins.options import Spec, default_for, dump, specs
from app.plugins.testing import frame_of
from app.plugins.validation import json_schema, load
from tests.contracts.found import ALL, columns_of, each_analysis, each_example

OPTIONS = [(found, name) for found in ALL for name in specs(found.Options)]


@each_analysis
def test_default_options_are_valid_or_named_as_required(analysis: type[Any]) -> None:
    columns = columns_of(analysis)
    required = {name for name, spec in specs(analysis.Options).items() if spec.required}
    try:
        options = load(analysis.Options, {}, columns or None)
    except InvalidInput as error:
        assert set(error.fields) <= required
        return
    assert load(analysis.Options, dump(options), columns or None) == options


@each_example
def test_options_of_examples_survive_being_stored(processor: type[Processor], number: int) -> None:
    example = processor.examples[number]
    columns = frame_of(example.items).columns
    options = load(processor.Options, example.options, columns)
    assert load(processor.Options, dump(options), columns) == options
    assert load(processor.Options, {name.replace("_", "-"): value for name, value in dump(options).items()}) == options
    assert len(processor.summarise(options)) < 120


@each_analysis
def test_its_json_schema_names_every_option(analysis: type[Any]) -> None:
    schema = json_schema(analysis.Options, columns_of(analysis) or None)
    assert set(schema["properties"]) == set(specs(analysis.Options))
    assert all(shape["title"] for shape in schema["properties"].values())


@each_analysis
def test_an_unknown_option_is_refused_by_name(analysis: type[Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(analysis.Options, {**base_options(analysis), "no_such_option": 1}, columns_of(analysis) or None)
    assert set(caught.value.fields) == {"no_such_option"}


@pytest.mark.parametrize(("analysis", "name"), OPTIONS, ids=[f"{found.type}-{name}" for found, name in OPTIONS])
def test_a_bad_value_is_refused_and_named(analysis: type[Any], name: str) -> None:
    spec = specs(analysis.Options)[name]
    given = base_options(analysis)
    for other, wanted in (spec.requires or {}).items():
        given[other] = wanted[0] if isinstance(wanted, (list, tuple)) else wanted
    with pytest.raises(InvalidInput) as caught:
        load(analysis.Options, {**given, name: bad_value(spec)}, columns_of(analysis) or ["a column"])
    assert set(caught.value.fields) == {name}
    assert all(text for text in caught.value.fields[name])


def base_options(found: type[Any]) -> dict[str, Any]:
    """Options that are valid: those of the first example, and something for what else is required."""
    examples = getattr(found, "examples", ())
    given = dict(examples[0].options) if examples else {}
    columns = columns_of(found) or ["a column"]
    for name, spec in specs(found.Options).items():
        if spec.required and name not in given and not default_for(spec, columns):
            given[name] = {"daterange": "2026-01-01,", "column": columns[0], "columns": columns[:1]}.get(spec.kind, "x")
    return given


def bad_value(spec: Spec) -> Any:
    """A value that an option of this kind cannot have."""
    if spec.kind == "number":
        return spec.minimum - 1 if spec.minimum is not None else "many"
    return {
        "choice": "no-such-choice",
        "choices": ["no-such-choice"],
        "toggle": "perhaps",
        "column": "no such column",
        "columns": ["no such column"],
        "daterange": "yesterday,tomorrow",
    }.get(spec.kind, ["not", "a", "text"])
