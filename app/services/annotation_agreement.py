"""How far the coders of a dataset agree, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from app.domain.agreement import MOST_COMPARED, Pair, pair_of
from app.domain.annotation import Field
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.domain.user import User
from app.services.annotation_view import view_of
from app.services.context import Context
from app.services.dataset import get_dataset
from app.storage import agreement as counted
from app.storage import annotation as stored
from app.storage.database import Transaction


@dataclass(frozen=True)
class Agreement:
    """How far the coders of one field agree.

    `coders` is how many items each has coded, `items` how many at least two have. `share` is the part of all pairs of
    values for the same item that are equal, from 0 to 1. `alpha` is None when it is not defined: fewer than two
    values, or one value only. `pairs` compares each two coders, or one who was chosen with each of the others; there
    are none where coders are too many and nobody was chosen.
    """

    coders: dict[str, int]
    items: int
    share: float | None
    alpha: float | None
    pairs: list[Pair]

    @property
    def is_for_one(self) -> bool:
        """Whether coders are so many that only one of them is compared with the others."""
        return len(self.coders) > MOST_COMPARED


@dataclass(frozen=True)
class FieldAgreement:
    """One field and how far its coders agree; `agreement` is None for long text, where no two are ever the same."""

    field: Field
    agreement: Agreement | None


def agreements(ctx: Context, actor: User, key: str, *, coder: str | None = None) -> list[FieldAgreement]:
    """How far coders agree in each field of a dataset that the actor sees everybody's values of.

    All that was noted down in a field counts, also of items that this dataset does not have. Where coders are too many
    to compare each two, the `coder` that is given is compared with each of the others.

    :raises NotFound: when there is no such dataset for the actor
    :raises InvalidInput: naming `coder`, when nobody who is called so has coded any of the fields
    """
    view = view_of(ctx.database, actor, get_dataset(ctx, actor, key))
    fields = [field for field in view.fields if field.id not in view.own]
    with ctx.database.transaction() as tx:
        tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        coders = stored.amounts(tx, [field.id for field in fields])
        if coder is not None and not any(coder in found for found in coders.values()):
            raise InvalidInput({"coder": [say("Nobody called {coder} has coded anything here.", coder=coder[:120])]})
        return [
            FieldAgreement(field, None if field.is_long else _of(tx, field, coders.get(field.id, {}), coder))
            for field in fields
        ]


def _of(tx: Transaction, field: Field, coders: dict[str, int], coder: str | None) -> Agreement:
    found = counted.tally(tx, field.id)
    return Agreement(coders, found.items, found.share, found.alpha, _pairs(tx, field, coders, coder))


def _pairs(tx: Transaction, field: Field, coders: dict[str, int], coder: str | None) -> list[Pair]:
    """Each two coders where they are few, else the chosen one with each of the others: as many looks as values."""
    if len(coders) <= MOST_COMPARED:
        chosen, names = None, list(combinations(coders, 2))
    else:
        chosen, names = coder, [(coder, other) for other in coders if other != coder] if coder in coders else []
    both = counted.together(tx, field.id, chosen) if names else {}
    return [pair_of(first, second, both.get((first, second), {})) for first, second in names]
