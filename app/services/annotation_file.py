"""Annotations as a file: one value a line, with item id, field, coder, value and time, as CSV or NDJSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Any

from app.domain.annotation import LONGEST_CODER, Field
from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.texts import say
from app.domain.user import User
from app.services.access import owns, require_write
from app.services.annotation import may_code, refusal, tidy, unknown_field
from app.services.annotation_view import view_of
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.download import file_name
from app.services.items import known_items
from app.storage import annotation as stored
from app.storage.annotation import Entry

COLUMNS = ("item", "field", "coder", "value", "time")
FORMATS = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}
MOST_BYTES = 64 * 1024**2
_AT_ONCE = 10_000
_MOST_PROBLEMS = 20
_NEEDED = ("item", "field", "value")

Line = tuple[int, Mapping[str, Any]]


def export_codes(ctx: Context, actor: User, key: str, format: str = "csv") -> tuple[str, str, Iterator[bytes]]:
    """All values of a dataset's fields that the actor may see: a file name, its type and its bytes.

    :raises InvalidInput: when the format is neither csv nor ndjson
    """
    dataset = get_dataset(ctx, actor, key)
    if format not in FORMATS:
        raise InvalidInput({"format": [say("Choose from: {choices}.", choices=", ".join(FORMATS))]})
    name = file_name(dataset, f"-annotations.{format}")
    return name, FORMATS[format], _written(ctx, actor, dataset, format)


def _written(ctx: Context, actor: User, dataset: Dataset, format: str) -> Iterator[bytes]:
    view = view_of(ctx.database, actor, dataset)
    yield from written_codes(ctx, view.ids, format, own=view.own, coder=view.coder)


def written_codes(
    ctx: Context, fields: Sequence[int], format: str, *, own: Sequence[int] = (), coder: str = ""
) -> Iterator[bytes]:
    """The values of some fields as a file, some thousands at a time; of the fields in `own` those of `coder` alone."""
    if format == "csv":
        yield (",".join(COLUMNS) + "\r\n").encode()
    with ctx.database.transaction() as tx:
        for rows in stored.stream_codes(tx, fields, own, coder):
            lines = [dict(zip(COLUMNS, _cells(row), strict=True)) for row in rows]
            text = io.StringIO(newline="")
            if format == "csv":
                csv.DictWriter(text, COLUMNS).writerows(lines)
            else:
                text.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            yield text.getvalue().encode()


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    moment = row["changed"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    return (row["item"], row["field"], row["coder"], row["value"], moment)


def import_codes(ctx: Context, actor: User, key: str, filename: str, content: IO[bytes]) -> int:
    """Note down the values of a file, all or none; how many. An empty value takes one back.

    Without `coder` they are the actor's own. Who owns a dataset may name any coder, others only themselves.

    :raises InvalidInput: naming lines and what is wrong with them
    """
    data = content.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InvalidInput(
            {"file": [say("It is larger than {megabytes} MB. Send it in parts.", megabytes=MOST_BYTES // 1024**2)]}
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            {"file": [say("Line {line} is not UTF-8. Save the file as UTF-8 and send it again.", line=line)]}
        ) from None
    is_json = filename.lower().endswith((".ndjson", ".jsonl", ".json")) or text.lstrip().startswith("{")
    return save_codes(ctx, actor, key, _json_lines(text) if is_json else _csv_lines(text), place="file")


def _csv_lines(text: str) -> Iterator[Line]:
    head = text.split("\n", 1)[0]
    mark = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        names = ["item" if name in ("id", "item_id") else name for name in names]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise InvalidInput(
                {
                    "file": [
                        say(
                            "The first line lacks {missing}. It must name the columns: {columns}.",
                            missing=", ".join(missing),
                            columns=", ".join(COLUMNS),
                        )
                    ]
                }
            )
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                if len(cells) > len(names):
                    raise InvalidInput(
                        {
                            "file": [
                                say(
                                    "Line {line} has {amount} cells, and the first {most}.",
                                    line=line,
                                    amount=len(cells),
                                    most=len(names),
                                )
                            ]
                        }
                    )
                yield line, dict(zip(names, cells, strict=False))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(
            {"file": [say("Line {line_num} cannot be read as CSV: {error}.", line_num=reader.line_num, error=error)]}
        ) from None


def _json_lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found = json.loads(line)
            except ValueError as error:
                raise InvalidInput(
                    {"file": [say("Line {number} is not JSON: {error}.", number=number, error=error)]}
                ) from None
            if not isinstance(found, dict):
                raise InvalidInput({"file": [say("Line {number} is not a JSON object.", number=number)]})
            yield number, {"item" if name in ("id", "item_id") else name: part for name, part in found.items()}


class _Reader:
    """Makes entries of lines, and gathers what is wrong with them."""

    def __init__(self, ctx: Context, actor: User, dataset: Dataset) -> None:
        view = view_of(ctx.database, actor, dataset)
        self._all = view.fields
        self.fields = {field.name.lower(): field for field in may_code(actor, view)}
        self._owned = {field.id for field in view.fields if owns(actor, view.homes[field.dataset])}
        self._actor = actor
        self.problems: list[str] = []

    def read(self, number: int, given: Mapping[str, Any]) -> Entry | None:
        """One line as an entry; None when something is wrong with it."""
        try:
            return self._read(given)
        except ValueError as error:
            self.problems.append(say("Line {number}: {error}", number=number, error=error))
            return None

    def _read(self, given: Mapping[str, Any]) -> Entry:
        item, name = _text(given, "item"), _text(given, "field")
        if not item:
            raise ValueError(say("it names no item."))
        field = self._field(name)
        coder = _text(given, "coder") or self._actor.name
        if coder != self._actor.name and field.id not in self._owned:
            raise ValueError(
                say("only an owner of the dataset may upload values of others, such as {coder}.", coder=coder[:100])
            )
        if len(coder) > LONGEST_CODER:
            raise ValueError(say("a coder’s name has at most {most} letters.", most=LONGEST_CODER))
        value = tidy(_text(given, "value"))
        problem = refusal(field, value)
        if problem:
            raise ValueError(problem)
        return field.id, item, coder, value, _moment(_text(given, "time"))

    def _field(self, name: str) -> Field:
        field = self.fields.get(name.lower())
        if field is None and any(known.name.lower() == name.lower() for known in self._all):
            raise ValueError(say("the owner does not let you code “{name}”.", name=name))
        if field is None:
            raise ValueError(unknown_field(name, self._all))
        return field


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        raise ValueError(say("“{name}” must be text.", name=name))
    return "" if value is None else str(value).strip().replace("\x00", "")


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(say("“{text}” is not a time. Write it as 2026-01-31T12:00:00Z.", text=text[:100])) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def save_codes(ctx: Context, actor: User, key: str, lines: Iterable[Line], *, place: str = "values") -> int:
    """Note down many values, each with its line's number: all, or none when something is wrong with one; how many.

    :raises InvalidInput: naming the first lines that are wrong, and why
    """
    require_write(actor)
    dataset = get_dataset(ctx, actor, key)
    reader = _Reader(ctx, actor, dataset)
    if not reader.fields:
        raise NotAllowed(say("There is no field here that you may code. Its owner makes fields and says who codes."))
    entries: dict[tuple[int, str, str], Entry] = {}
    iterator = iter(lines)
    while some := list(islice(iterator, _AT_ONCE)):
        found = [(number, reader.read(number, given)) for number, given in some]
        _check_items(ctx, dataset, [(number, entry) for number, entry in found if entry], reader)
        entries |= {entry[:3]: entry for _, entry in found if entry}
        if len(reader.problems) >= _MOST_PROBLEMS:
            break
    if reader.problems:
        shown = reader.problems[:_MOST_PROBLEMS]
        more = [say("More lines are wrong.")] if len(reader.problems) > len(shown) else []
        raise InvalidInput({place: [*shown, *more, say("Nothing has been changed.")]})
    with ctx.database.transaction() as tx:
        stored.save(tx, list(entries.values()))
    return len(entries)


def _check_items(ctx: Context, dataset: Dataset, found: Sequence[tuple[int, Entry]], reader: _Reader) -> None:
    known = known_items(ctx, dataset, list({entry[1] for _, entry in found}))
    unknown = [(number, entry[1]) for number, entry in found if entry[1] not in known]
    reader.problems.extend(
        say("Line {number}: this dataset has no item {item}.", number=number, item=item[:100])
        for number, item in unknown
    )
