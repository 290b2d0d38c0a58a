"""What one person sees of annotations: which fields, and in which of them only what they noted down themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.annotation import Field, State
from app.domain.dataset import Dataset, Kind, Status
from app.domain.user import User
from app.services.access import can_see, owns
from app.storage import annotation as stored
from app.storage import dataset as datasets
from app.storage.database import Session


@dataclass(frozen=True)
class View:
    """What one person sees of the annotations of a dataset: its fields, and those of which they see their own alone.

    `homes` are the datasets that the fields belong to, by key.
    """

    fields: list[Field]
    own: list[int]
    coder: str
    homes: dict[str, Dataset]

    @property
    def ids(self) -> list[int]:
        """The fields by id."""
        return [field.id for field in self.fields]


def can_be_annotated(dataset: Dataset) -> bool:
    """Whether a dataset has items to note something down of."""
    is_table = dataset.status is Status.FINISHED and dataset.kind is Kind.TABLE
    return dataset.is_items and is_table and "id" in dataset.columns


def view_of(db: Session, actor: User, dataset: Dataset) -> View:
    """What an actor sees of the annotations of a dataset that they may see."""
    if not dataset.is_items:
        return View([], [], actor.name, {})
    found = stored.fields_for(db, dataset.key)
    homes = {key: datasets.get(db, key) for key in {field.dataset for field in found}}
    seen = [field for field in found if can_see(actor, homes[field.dataset])]
    own = [field.id for field in seen if field.is_blind and not owns(actor, homes[field.dataset])]
    return View(seen, own, actor.name, homes)


@dataclass(frozen=True)
class Coded:
    """What has been noted down for one item: the actor's own values by field, and what they may see of others."""

    own: dict[int, str]
    others: dict[int, list[tuple[str, str]]]


def codes_for(db: Session, view: View, items: Sequence[str]) -> dict[str, Coded]:
    """What a view shows of some items. A field that is blind shows nobody else's values, not to owners either."""
    found = {item: Coded({}, {}) for item in items}
    blind = {field.id for field in view.fields if field.is_blind}
    for row in stored.codes_of_items(db, view.ids, list(items)):
        coded = found[row["item"]]
        if row["coder"] == view.coder:
            coded.own[row["field_id"]] = row["value"]
        elif row["field_id"] not in blind:
            coded.others.setdefault(row["field_id"], []).append((row["coder"], row["value"]))
    return found


def state_of(db: Session, view: View) -> State | None:
    """The state of what a view shows; None when it has no fields."""
    return stored.state(db, view.ids, view.own, view.coder) if view.fields else None
