"""What people note down of items: the fields of a dataset, and the value of each coder for an item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LONGEST_NAME = 60
"""How many letters the name of a field has at most."""
LONGEST_CODER = 120
"""How many letters the name of a coder has at most: that of an account, and a word on one that is gone."""
NOT_IN_NAMES = "()=<>!~\n\r\t"
"""What no name of a field has, since names of columns and filters are written with it."""


class FieldKind(StrEnum):
    """What is noted down in a field."""

    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    CHECKBOX = "checkbox"


YES_NO = ("yes", "no")
"""The values of a checkbox. Nothing noted down is not a no: it is missing."""


@dataclass(frozen=True)
class Field:
    """A field that is coded for the items of `dataset` and of all made from it; `top` is the capture at the root.

    While it `is_blind`, coders see their own values only. When it `is_open`, all who may see the dataset may code,
    else its owners only.
    """

    id: int
    dataset: str
    top: str
    name: str
    kind: FieldKind
    choices: tuple[str, ...]
    help: str
    is_blind: bool
    is_open: bool
    created: datetime

    @property
    def allowed(self) -> tuple[str, ...]:
        """The values there are to choose from; none for text."""
        return YES_NO if self.kind is FieldKind.CHECKBOX else self.choices

    @property
    def is_long(self) -> bool:
        """Whether it takes several lines."""
        return self.kind is FieldKind.LONG


@dataclass(frozen=True)
class Code:
    """One value: what a coder noted down for an item in a field, and when."""

    field: str
    item: str
    coder: str
    value: str
    changed: datetime


@dataclass(frozen=True)
class State:
    """A state of the annotations of a dataset: how many values, a checksum of all, and when the latest was made."""

    count: int
    checksum: str
    changed: datetime | None
