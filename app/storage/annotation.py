"""The tables `annotation_fields` and `annotation_values`, and what triggers count of the latter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from app.domain.annotation import Code, Field, FieldKind, State
from app.domain.errors import NotFound
from app.domain.texts import say
from app.storage.database import Row, Session, Transaction

_FIELDS = "f.id, f.dataset, f.top, f.name, f.kind, f.choices, f.help, f.is_blind, f.is_open, f.created"
_LINE = (
    "WITH RECURSIVE line AS (SELECT key, parent FROM datasets WHERE key = %(key)s"
    " UNION ALL SELECT d.key, d.parent FROM datasets d JOIN line ON d.key = line.parent)"
)
_SEEN = (
    " FROM annotation_values v JOIN annotation_fields f ON f.id = v.field_id"
    " WHERE v.field_id = ANY(%(fields)s::bigint[])"
    " AND (v.coder = %(coder)s OR NOT v.field_id = ANY(%(own)s::bigint[]))"
)
"""The values of some fields; of those in `own` only what `coder` noted down."""
_COUNTED = (
    " FROM annotation_counts c JOIN annotation_fields f ON f.id = c.field_id"
    " WHERE c.field_id = ANY(%(fields)s::bigint[]) AND c.amount > 0"
    " AND (c.coder = %(coder)s OR NOT c.field_id = ANY(%(own)s::bigint[]))"
)
"""The same, counted: a row for each field and coder, whatever the number of values."""


def _field(row: Row) -> Field:
    return Field(**{**row, "kind": FieldKind(row["kind"]), "choices": tuple(row["choices"])})


def fields_for(db: Session, key: str) -> list[Field]:
    """The fields of a dataset and of those that it was made from, in the order in which they were made."""
    rows = db.many(
        f"{_LINE} SELECT {_FIELDS} FROM annotation_fields f JOIN line ON line.key = f.dataset ORDER BY f.id", key=key
    )
    return [_field(row) for row in rows]


def fields_of_family(db: Session, top: str) -> list[Field]:
    """The fields of a capture and of all made from it, in the order in which they were made."""
    rows = db.many(f"SELECT {_FIELDS} FROM annotation_fields f WHERE f.top = %(top)s ORDER BY f.id", top=top)
    return [_field(row) for row in rows]


def get_field(db: Session, key: str, field_id: int) -> Field:
    """A field that counts for a dataset. :raises NotFound: when there is none with this id"""
    found = next((field for field in fields_for(db, key) if field.id == field_id), None)
    if found is None:
        raise NotFound(say("This dataset has no annotation field {field_id}.", field_id=field_id))
    return found


def insert_field(tx: Transaction, dataset: str, top: str, values: dict[str, Any]) -> int | None:
    """Add a field; its id, or None when the family has one with this name."""
    row = tx.find(
        "INSERT INTO annotation_fields (dataset, top, name, kind, choices, help, is_blind, is_open) VALUES"
        " (%(dataset)s, %(top)s, %(name)s, %(kind)s, %(choices)s, %(help)s, %(is_blind)s, %(is_open)s)"
        " ON CONFLICT (top, lower(name)) DO NOTHING RETURNING id",
        dataset=dataset,
        top=top,
        **{**values, "choices": Json(list(values["choices"]))},
    )
    return int(row["id"]) if row else None


def update_field(tx: Transaction, field_id: int, values: dict[str, Any]) -> bool:
    """Change a field; False when the family has another one with this name."""
    row = tx.find(
        "UPDATE annotation_fields f SET name = %(name)s, choices = %(choices)s, help = %(help)s,"
        " is_blind = %(is_blind)s, is_open = %(is_open)s WHERE id = %(field_id)s AND NOT EXISTS (SELECT 1"
        " FROM annotation_fields o WHERE o.top = f.top AND lower(o.name) = lower(%(name)s) AND o.id <> f.id)"
        " RETURNING id",
        field_id=field_id,
        **{**values, "choices": Json(list(values["choices"]))},
    )
    return row is not None


def delete_field(tx: Transaction, field_id: int) -> None:
    """Delete a field with all its values."""
    tx.run("DELETE FROM annotation_fields WHERE id = %(field_id)s", field_id=field_id)


def used_values(db: Session, field_id: int) -> dict[str, int]:
    """How often each value of a field is used."""
    rows = db.many(
        "SELECT value, count(*) AS n FROM annotation_values WHERE field_id = %(field_id)s GROUP BY value",
        field_id=field_id,
    )
    return {row["value"]: row["n"] for row in rows}


Entry = tuple[int, str, str, str, datetime | None]
"""A value to keep: field, item, coder, value, and when it was noted down (None: now)."""


def save(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Keep values, one for each field, item and coder; an empty one is deleted."""
    kept = [entry for entry in entries if entry[3] != ""]
    if kept:
        tx.run_each(
            "INSERT INTO annotation_values (field_id, item, coder, value, changed)"
            " SELECT f::bigint, i, c, v, coalesce(w::timestamptz, now()) FROM (VALUES %s) AS given (f, i, c, v, w)"
            " ON CONFLICT (field_id, item, coder) DO UPDATE SET value = excluded.value, changed = excluded.changed"
            " WHERE annotation_values.value <> excluded.value",
            list(kept),
        )
    for field_id, item, coder, value, _ in entries:
        if value == "":
            tx.run(
                "DELETE FROM annotation_values WHERE field_id = %(field_id)s AND item = %(item)s AND coder = %(coder)s",
                field_id=field_id,
                item=item,
                coder=coder,
            )


def rename_coder(tx: Transaction, coder: str, name: str) -> bool:
    """Let what stands under a coder's name stand under another; False when values stand under that one already."""
    if tx.find("SELECT coder FROM annotation_values WHERE coder = %(name)s LIMIT 1", name=name):
        return False
    tx.run("UPDATE annotation_values SET coder = %(name)s WHERE coder = %(coder)s", coder=coder, name=name)
    return True


def codes_of_items(db: Session, fields: Sequence[int], items: Sequence[str]) -> list[Row]:
    """Every value for some items: field_id, item, coder, value, changed."""
    return db.many(
        "SELECT field_id, item, coder, value, changed FROM annotation_values"
        " WHERE field_id = ANY(%(fields)s::bigint[]) AND item = ANY(%(items)s::text[]) ORDER BY coder",
        fields=list(fields),
        items=list(items),
    )


def stream_codes(
    tx: Transaction, fields: Sequence[int], own: Sequence[int], coder: str, only: str | None = None
) -> Iterator[list[Row]]:
    """The values of some fields, some thousands at a time: field, item, coder, value, changed.

    Of the fields in `own` those of `coder` alone; with `only` those of one coder.
    """
    return tx.stream(
        "SELECT f.name AS field, v.item, v.coder, v.value, v.changed"
        + _SEEN
        + " AND (%(only)s IS NULL OR v.coder = %(only)s) ORDER BY v.field_id, v.item, v.coder",
        fields=list(fields),
        own=list(own),
        coder=coder,
        only=only,
    )


Place = tuple[int, str, str]
"""Where a value stands in the list of all: its field, item and coder."""


def page_of_codes(
    db: Session,
    fields: Sequence[int],
    own: Sequence[int],
    coder: str,
    *,
    only: str | None,
    after: Place | None,
    limit: int,
) -> tuple[list[Code], int, Place | None]:
    """Some of the values of some fields, those that come after a place; how many there are in all; where to go on."""
    wanted: dict[str, Any] = {"fields": list(fields), "own": list(own), "coder": coder, "only": only}
    narrowed = _SEEN + " AND (%(only)s IS NULL OR v.coder = %(only)s)"
    counted = f"SELECT coalesce(sum(c.amount), 0) AS n{_COUNTED} AND (%(only)s IS NULL OR c.coder = %(only)s)"
    total = db.one(counted, **wanted)["n"]
    rest = " AND (v.field_id, v.item, v.coder) > (%(field_id)s, %(item)s, %(after_coder)s)" if after else ""
    field_id, item, after_coder = after or (None, None, None)
    rows = db.many(
        f"SELECT v.field_id, f.name AS field, v.item, v.coder, v.value, v.changed{narrowed}{rest}"
        " ORDER BY v.field_id, v.item, v.coder LIMIT %(limit)s + 1",
        **wanted,
        limit=limit,
        field_id=field_id,
        item=item,
        after_coder=after_coder,
    )
    found = [(row.pop("field_id"), Code(**row)) for row in rows]
    last = found[limit - 1] if len(found) > limit else None
    return (
        [code for _, code in found[:limit]],
        int(total),
        (last[0], last[1].item, last[1].coder) if last else None,
    )


def state(db: Session, fields: Sequence[int], own: Sequence[int], coder: str) -> State:
    """The state of the values of some fields; the same values under the same names have the same checksum."""
    rows = db.many(
        f"SELECT f.name, c.coder, c.amount, c.checksum::text AS checksum, c.changed{_COUNTED}"
        ' ORDER BY c.field_id, c.coder COLLATE "C"',
        fields=list(fields),
        own=list(own),
        coder=coder,
    )
    told = json.dumps([[row["name"], row["coder"], row["amount"], row["checksum"]] for row in rows])
    return State(
        sum(row["amount"] for row in rows),
        hashlib.sha256(told.encode()).hexdigest(),
        max((row["changed"] for row in rows), default=None),
    )


def count_items(db: Session, fields: Sequence[int], coder: str) -> int:
    """How many items somebody has noted something down of, in some fields."""
    row = db.one(
        "SELECT count(DISTINCT item) AS n FROM annotation_values WHERE field_id = ANY(%(fields)s::bigint[])"
        " AND coder = %(coder)s",
        fields=list(fields),
        coder=coder,
    )
    return int(row["n"])


def coders_of(db: Session, fields: Sequence[int], own: Sequence[int], coder: str) -> dict[str, list[str]]:
    """Who has coded in each of some fields, by the field's name."""
    rows = db.many(
        f'SELECT f.name, array_agg(c.coder ORDER BY c.coder COLLATE "C") AS coders{_COUNTED} GROUP BY f.name',
        fields=list(fields),
        own=list(own),
        coder=coder,
    )
    return {row["name"]: row["coders"] for row in rows}


def amounts(db: Session, fields: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many values each coder has given, by the number of the field; coders by name."""
    rows = db.many(
        "SELECT field_id, coder, amount FROM annotation_counts WHERE field_id = ANY(%(fields)s::bigint[])"
        ' AND amount > 0 ORDER BY field_id, coder COLLATE "C"',
        fields=list(fields),
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["field_id"], {})[row["coder"]] = row["amount"]
    return found
