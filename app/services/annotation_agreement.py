"""How far the coders of a dataset agree, field by field."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.agreement import Agreement, agreement, units_of
from app.domain.annotation import Field
from app.domain.user import User
from app.services.annotation_view import view_of
from app.services.context import Context
from app.services.dataset import get_dataset
from app.storage import annotation as stored


@dataclass(frozen=True)
class FieldAgreement:
    """One field and how far its coders agree; `agreement` is None for long text, where no two are ever the same."""

    field: Field
    agreement: Agreement | None


def agreements(ctx: Context, actor: User, key: str) -> list[FieldAgreement]:
    """How far coders agree in each field of a dataset that the actor sees everybody's values of.

    All that was noted down in a field counts, also of items that this dataset does not have.

    :raises NotFound: when there is no such dataset for the actor
    """
    view = view_of(ctx.database, actor, get_dataset(ctx, actor, key))
    return [
        FieldAgreement(field, None if field.is_long else _of(ctx, field))
        for field in view.fields
        if field.id not in view.own
    ]


def _of(ctx: Context, field: Field) -> Agreement:
    with ctx.database.transaction() as tx:
        streamed = stored.stream_codes(tx, [field.id], [], "")
        codes = [(row["item"], row["coder"], row["value"]) for rows in streamed for row in rows]
    return agreement(units_of(codes))
