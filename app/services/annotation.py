"""Annotations: the fields of a dataset, and what each coder notes down in them.

A field belongs to one dataset and counts for all that is made from it, since an item keeps its id. Who may change a
dataset makes its fields and sees what everybody noted down; in a field that is blind, others see their own values only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.annotation import LONGEST_NAME, NOT_IN_NAMES, Code, Field, FieldKind
from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput, NotAllowed, NotCompatible
from app.domain.texts import say
from app.domain.user import User
from app.services.access import can_code, require_change, require_see, require_write
from app.services.annotation_view import View, can_be_annotated, view_of
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.items import known_items
from app.storage import annotation as stored
from app.storage import dataset as datasets

LONGEST_TEXT = 500
LONGEST_VALUE = 20_000
MOST_CHOICES = 50


def get_view(ctx: Context, actor: User, key: str) -> View:
    """What an actor sees of a dataset's annotations: its own fields and those of the datasets that it was made from."""
    return view_of(ctx.database, actor, get_dataset(ctx, actor, key))


def create_field(ctx: Context, actor: User, key: str, **given: Any) -> Field:
    """Add a field: `name`, `kind`, and if wanted `choices`, `help`, `is_blind`, `is_open`.

    :raises InvalidInput: naming what will not do
    :raises NotCompatible: when the dataset has no items
    """
    dataset = datasets.get(ctx.database, key)
    require_change(actor, dataset)
    if not can_be_annotated(dataset):
        raise NotCompatible(
            say(
                "“{dataset}” has no items to annotate. Fields are for finished datasets of posts.",
                dataset=dataset.label,
            )
        )
    values = _checked({"choices": (), "help": "", "is_blind": True, "is_open": True, **given}, dataset)
    with ctx.database.transaction() as tx:
        made = stored.insert_field(tx, dataset.key, dataset.top, values)
        if made is None:
            raise _taken(values["name"])
        return stored.get_field(tx, key, made)


def update_field(ctx: Context, actor: User, key: str, field_id: int, **given: Any) -> Field:
    """Change a field's `name`, `choices`, `help`, `is_blind` or `is_open`. Choices that are used must stay.

    :raises InvalidInput: naming what will not do
    """
    field, home = _field_to_change(ctx, actor, key, field_id)
    known = {name: getattr(field, name) for name in ("name", "kind", "choices", "help", "is_blind", "is_open")}
    values = _checked({**known, **given, "kind": field.kind}, home)
    if field.kind is FieldKind.CHOICE:
        gone = [value for value in stored.used_values(ctx.database, field.id) if value not in values["choices"]]
        if gone:
            raise InvalidInput({"choices": [say("These are used and must stay: {gone}.", gone=", ".join(gone))]})
    with ctx.database.transaction() as tx:
        if not stored.update_field(tx, field.id, values):
            raise _taken(values["name"])
        return stored.get_field(tx, key, field.id)


def delete_field(ctx: Context, actor: User, key: str, field_id: int) -> None:
    """Delete a field with everything noted down in it."""
    field, _ = _field_to_change(ctx, actor, key, field_id)
    with ctx.database.transaction() as tx:
        stored.delete_field(tx, field.id)


def _field_to_change(ctx: Context, actor: User, key: str, field_id: int) -> tuple[Field, Dataset]:
    require_see(actor, datasets.get(ctx.database, key))
    field = stored.get_field(ctx.database, key, field_id)
    home = datasets.get(ctx.database, field.dataset)
    require_change(actor, home)
    return field, home


def _taken(name: str) -> InvalidInput:
    return InvalidInput(
        {"name": [say("There is a field “{name}” already, here or in a dataset of the same family.", name=name)]}
    )


def _checked(values: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """The values of a field in their final form. :raises InvalidInput: naming each that will not do"""
    name = str(values.get("name") or "").strip()
    kind = str(values.get("kind") or "")
    choices = tuple(dict.fromkeys(str(choice).strip() for choice in values["choices"] or () if str(choice).strip()))
    help_ = str(values["help"] or "").strip()
    wrong: dict[str, list[str]] = {}
    if not name or len(name) > LONGEST_NAME or any(letter in NOT_IN_NAMES for letter in name):
        wrong["name"] = [say("Give it a name of up to {most} letters, without ( ) = < > ! and ~.", most=LONGEST_NAME)]
    elif name.lower() in (column.lower() for column in dataset.columns):
        wrong["name"] = [say("“{name}” is a column of this dataset. Give the field another name.", name=name)]
    if kind not in list(FieldKind):
        wrong["kind"] = [say("Choose from: {choices}.", choices=", ".join(FieldKind))]
    if kind == FieldKind.CHOICE and not 2 <= len(choices) <= MOST_CHOICES:
        wrong["choices"] = [say("Give 2 to {most} choices.", most=MOST_CHOICES)]
    if any(len(choice) > LONGEST_TEXT for choice in choices):
        wrong["choices"] = [say("A choice has at most {most} letters.", most=LONGEST_TEXT)]
    if len(help_) > LONGEST_VALUE:
        wrong["help"] = [say("Write at most {most:,} letters.", most=LONGEST_VALUE)]
    if wrong:
        raise InvalidInput(wrong)
    kept = choices if kind == FieldKind.CHOICE else ()
    flags = {flag: bool(values[flag]) for flag in ("is_blind", "is_open")}
    return {"name": name, "kind": kind, "choices": kept, "help": help_, **flags}


def may_code(actor: User, view: View) -> list[Field]:
    """The fields of a view in which the actor may note something down."""
    return [field for field in view.fields if can_code(actor, view.homes[field.dataset], is_open=field.is_open)]


def save_item(ctx: Context, actor: User, key: str, item: str, values: Mapping[int, str]) -> None:
    """Note down one's own values for an item, by field; an empty one takes the value back.

    :raises InvalidInput: naming the field whose value will not do, or when there is no such item
    :raises NotAllowed: when the owner does not let the actor code this field
    """
    require_write(actor)
    dataset = get_dataset(ctx, actor, key)
    open_to_me = {field.id: field for field in may_code(actor, view_of(ctx.database, actor, dataset))}
    if any(field_id not in open_to_me for field_id in values):
        raise NotAllowed(say("The owner of this dataset does not let you code this field, or it has been deleted."))
    if not known_items(ctx, dataset, [item]):
        raise InvalidInput({"item": [say("This dataset has no item {item}.", item=item)]})
    wrong = {}
    entries = []
    for field_id, value in values.items():
        field = open_to_me[field_id]
        problem = refusal(field, value := tidy(value))
        if problem:
            wrong[field.name] = [problem]
        entries.append((field_id, item, actor.name, value, None))
    if wrong:
        raise InvalidInput(wrong)
    with ctx.database.transaction() as tx:
        stored.save(tx, entries)


def tidy(value: str) -> str:
    """A value as it is kept: without space around it, lines ended alike, and without what the database cannot hold."""
    return value.replace("\r\n", "\n").replace("\x00", "").strip()


def refusal(field: Field, value: str) -> str | None:
    """Why a value will not do in a field, as a sentence; None when it will. An empty one always does."""
    if len(value) > LONGEST_VALUE:
        return say("It is longer than {most:,} letters.", most=LONGEST_VALUE)
    if value and field.allowed and value not in field.allowed:
        return say(
            "“{value}” is not a choice of “{name}”. Choose from: {allowed}.",
            value=value[:100],
            name=field.name,
            allowed=", ".join(field.allowed),
        )
    return None


def list_codes(
    ctx: Context,
    actor: User,
    key: str,
    *,
    field: str | None = None,
    coder: str | None = None,
    after: stored.Place | None = None,
    limit: int = 100,
) -> tuple[list[Code], int, stored.Place | None]:
    """Some of the values that the actor may see, how many there are, and after which to go on (None at the end).

    :raises InvalidInput: for an unknown field
    """
    view = view_of(ctx.database, actor, get_dataset(ctx, actor, key))
    chosen = [found for found in view.fields if field is None or found.name == field]
    if field is not None and not chosen:
        raise InvalidInput({"field": [unknown_field(field, view.fields)]})
    ids = [found.id for found in chosen]
    return stored.page_of_codes(ctx.database, ids, view.own, view.coder, only=coder, after=after, limit=limit)


def unknown_field(name: str, fields: Sequence[Field]) -> str:
    """The sentence that says that there is no such field, and which there are."""
    there = ", ".join(field.name for field in fields) or "none"
    return say("There is no field “{name}”. The fields are: {there}.", name=name[:100], there=there)
