"""What holds for every processor, whoever wrote it. Nothing has to be registered: whatever is found is tested."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.domain.dataset import ITEMS, Kind
from app.plugins import EmptyResult, Example, InvalidInput, Preset, Processor, SameTable, Table
from app.plugins.options import specs
from app.plugins.processor import Given, Step
from app.plugins.results import kind_of
from app.plugins.testing import MemoryRun, MemorySource, frame_of, plain
from app.plugins.validation import load
from tests.contracts.found import ALL, PRESETS, PROCESSORS, REGISTRY, each_analysis, each_example, each_processor

CATEGORIES = {
    "Combined", "Conversion", "Cross-platform", "Filters", "Machine learning", "Metrics", "Networks", "Statistics",
    "Text analysis", "Thread metrics", "Twitter analysis", "Audio", "Visual", "Visualisation",
}  # fmt: skip

HOSTILE = (
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇳🇱 1️⃣",
    "مرحبا بالعالم \u202e abc \u202c",
    "日本語のテキスト #日本 https://例え.jp/道",
    'line\nbreak\r\n"quotes", commas,, and \t tabs',
    "e\u0301 ﬁ ß İ ı \u00a0 \u200b \ufeff",
    "NULL",
    " ",
    "",
    "=1+1",
    "x" * 10_000,
)

PYTHON_TYPES: dict[type, Callable[[pl.DataType], bool]] = {
    str: lambda dtype: dtype == pl.String,
    int: lambda dtype: dtype.is_integer(),
    float: lambda dtype: dtype.is_numeric(),
    bool: lambda dtype: dtype == pl.Boolean,
    datetime: lambda dtype: dtype.is_temporal(),
    list: lambda dtype: isinstance(dtype, pl.List),
}


def run(processor: type[Processor], table: pl.DataFrame | pl.LazyFrame, given: Mapping[str, Any], folder: Path) -> Any:
    """What a processor returns for a table, as plain values."""
    return plain(raw_result(processor, table, given, folder))


def raw_result(
    processor: type[Processor], table: pl.DataFrame | pl.LazyFrame, given: Mapping[str, Any], folder: Path
) -> Any:
    source = MemorySource(table, acts_as=(processor.accepts.types or (ITEMS,))[0])
    return processor().process(source, load(processor.Options, given, source.columns), MemoryRun(folder))


def test_there_are_processors() -> None:
    assert len(PROCESSORS) >= 13
    assert PRESETS


@each_analysis
def test_it_says_what_it_is(analysis: type[Any]) -> None:
    assert analysis.type == Path(inspect.getfile(analysis)).stem.replace("_", "-")
    assert analysis.title
    assert analysis.title[0].isupper()
    assert analysis.category in CATEGORIES
    assert len(analysis.description()) > 40
    assert analysis.description().endswith(".")


@pytest.mark.parametrize("what", ["title", "description", "type"])
def test_no_two_are_called_or_described_the_same(what: str) -> None:
    said = [getattr(found, what)() if what == "description" else getattr(found, what) for found in ALL]
    assert len(set(said)) == len(said)


@each_analysis
def test_its_followups_exist_and_take_what_it_gives(analysis: type[Any]) -> None:
    assert [type_ for type_ in analysis.followups if type_ not in REGISTRY.processors] == []


@each_processor
def test_it_has_an_example(processor: type[Processor]) -> None:
    assert processor.examples
    assert all(isinstance(example, Example) for example in processor.examples)


@each_example
def test_it_accepts_its_example(processor: type[Processor], number: int) -> None:
    table = frame_of(processor.examples[number].items)
    source = MemorySource(table, acts_as=(processor.accepts.types or (ITEMS,))[0])
    if Kind.TABLE in processor.accepts.kinds:
        assert processor.accepts.refusal(source.dataset) is None


@each_example
def test_an_example_gives_its_result(processor: type[Processor], number: int, tmp_path: Path) -> None:
    example = processor.examples[number]
    expected = list(example.result) if isinstance(example.result, tuple) else example.result
    assert run(processor, frame_of(example.items), example.options, tmp_path) == expected


@each_example
def test_the_same_input_gives_the_same_output_and_stays_as_it_is(
    processor: type[Processor], number: int, tmp_path: Path
) -> None:
    example = processor.examples[number]
    table = frame_of(list(example.items) * 3)
    before = table.clone()
    first = run(processor, table, example.options, tmp_path)
    assert run(processor, table, example.options, tmp_path) == first
    assert table.equals(before)


@each_example
def test_a_parquet_file_gives_the_same_as_a_table_in_memory(
    processor: type[Processor], number: int, tmp_path: Path
) -> None:
    example = processor.examples[number]
    table = frame_of(list(example.items) * 50)
    file = tmp_path / "source.parquet"
    table.write_parquet(file, row_group_size=20)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    in_memory = run(processor, table, example.options, tmp_path / "a")
    assert run(processor, pl.scan_parquet(file), example.options, tmp_path / "b") == in_memory


@each_example
def test_an_empty_table_is_no_error(processor: type[Processor], number: int, tmp_path: Path) -> None:
    example = processor.examples[number]
    try:
        result = raw_result(processor, frame_of(example.items).clear(), example.options, tmp_path)
    except EmptyResult as error:
        assert error.message.endswith(".")
        return
    check_result(processor, frame_of(example.items).clear(), result)


@each_example
def test_one_row_is_enough(processor: type[Processor], number: int, tmp_path: Path) -> None:
    example = processor.examples[number]
    table = frame_of(example.items).head(1)
    try:
        check_result(processor, table, raw_result(processor, table, example.options, tmp_path))
    except EmptyResult as error:
        assert error.message.endswith(".")


@each_example
def test_any_text_and_missing_values_work(processor: type[Processor], number: int, tmp_path: Path) -> None:
    example = processor.examples[number]
    table = with_hostile_rows(frame_of(example.items))
    try:
        result = raw_result(processor, table, example.options, tmp_path)
    except InvalidInput as error:  # what cannot be used is refused by the name of its option or column
        assert set(error.fields) <= {*specs(processor.Options), *table.columns}
        return
    check_result(processor, table, result)
    assert plain(result) is not None


@each_example
def test_the_result_is_what_is_declared(processor: type[Processor], number: int, tmp_path: Path) -> None:
    example = processor.examples[number]
    table = frame_of(example.items)
    check_result(processor, table, raw_result(processor, table, example.options, tmp_path))


def with_hostile_rows(table: pl.DataFrame) -> pl.DataFrame:
    """A table with rows of strange text added, and rows in which everything is missing."""
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    hostile = pl.DataFrame(
        [dict.fromkeys(texts, text) for text in HOSTILE], schema=dict.fromkeys(texts, pl.String), orient="row"
    )
    if not texts:
        hostile = table.clear(len(HOSTILE))
    return pl.concat([table, hostile, table.clear(2)], how="diagonal")


def check_result(processor: type[Processor], table: pl.DataFrame, result: Any) -> None:
    """A table has the columns and types declared; any other result is of the kind declared."""
    declared = processor.returns
    if not isinstance(declared, Table):
        assert isinstance(result, declared)
        assert result.kind == kind_of(declared)
        return
    schema = result.lazy().collect_schema() if isinstance(result, (pl.LazyFrame, pl.DataFrame)) else None
    if schema is None:
        result = pl.from_arrow(list(result))
        schema = result.schema
    wanted = list(declared.columns)
    if isinstance(declared, SameTable):
        own = [name for name in table.columns if name not in declared.columns]
        assert schema.names() == [*own, *wanted]
        assert {name: schema[name] for name in own} == {name: table.schema[name] for name in own}
    elif declared.open_ended:
        assert schema.names()[: len(wanted)] == wanted
    else:
        assert schema.names() == wanted
    wrong = {name: schema[name] for name, kind in declared.columns.items() if not PYTHON_TYPES[kind](schema[name])}
    assert wrong == {}
    assert result.lazy().collect(engine="streaming").schema == schema


@pytest.mark.parametrize("preset", PRESETS, ids=lambda found: found.type)
def test_a_preset_is_a_tree_of_processors_with_one_result(preset: type[Preset]) -> None:
    steps = list(walk(preset.steps))
    assert sum(step.result for step in steps) == 1
    for step in steps:
        options = REGISTRY.processor(step.type).Options
        assert set(step.options) <= set(specs(options))
        for value in step.options.values():
            assert not isinstance(value, Given) or value.name in specs(preset.Options)


def walk(steps: Any) -> list[Step]:
    """All steps of a tree."""
    return [found for step in steps for found in (step, *walk(step.then))]
