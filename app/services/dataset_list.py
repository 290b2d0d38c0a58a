"""Lists of datasets: one's own, those shared, favourites, all that one may see, and the deleted ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.access import changes_all, sees_all
from app.services.context import Context
from app.services.dataset import with_progress
from app.services.person_setting import has_right
from app.services.user import find_user
from app.storage.dataset_list import ORDERS, Query, list_top

WHOSE = ("mine", "shared", "favourites", "all", "deleted")
"""Whose datasets: the actor's own, those shared with them, those they have marked, all that they may see, and those
that they have deleted and can still bring back."""

__all__ = ["ORDERS", "WHOSE", "Wanted", "list_datasets", "whose_to_list"]


@dataclass(frozen=True)
class Wanted:
    """What to list. `text` are words that must be in the name, parameters or columns of a capture or of what was made
    from it; `owner` is a name; `since` and `until` are days, the latter included; with
    `has_analyses` those from which something has been made.
    """

    whose: str = "mine"
    status: str | None = None
    datasource: str | None = None
    owner: str | None = None
    tag: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_analyses: bool | None = None
    order: str = "newest"
    cursor: int | None = None
    limit: int = 50


def whose_to_list(actor: User, whose: str, owner: str | None) -> str:
    """Whose datasets are meant: no longer the actor's own once those of somebody else are asked for by name."""
    is_of_other = bool(owner) and str(owner).strip().lower() != actor.name.lower()
    return "all" if whose == "mine" and is_of_other else whose


def list_datasets(ctx: Context, actor: User, wanted: Wanted) -> tuple[list[Dataset], int | None]:
    """Captures as wanted, and the cursor of the next page, None at the end.

    :raises NotFound: when there is no user with the owner's name
    """
    whose = whose_to_list(actor, wanted.whose, wanted.owner)
    is_all = sees_all(actor)
    owner = find_user(ctx, wanted.owner).id if wanted.owner else None
    query = Query(
        owner_id=actor.id if whose == "mine" else owner,
        deleted_by=actor.id if whose == "deleted" and not changes_all(actor) else None,
        visible_to=actor.id if whose in ("favourites", "all") and not is_all else None,
        theirs=actor.id if whose == "all" and not is_all and not has_right(ctx, actor, "browse") else None,
        shared_with=actor.id if whose == "shared" else None,
        favourite_of=actor.id if whose == "favourites" else None,
        named_as=actor.named_as,
        status=wanted.status,
        datasource=wanted.datasource,
        tag=wanted.tag.strip().lower() if wanted.tag else None,
        since=wanted.since,
        until=wanted.until + timedelta(days=1) if wanted.until else None,
        has_analyses=wanted.has_analyses or None,
        words=(wanted.text or "").split()[:10],
        is_deleted=whose == "deleted",
        order=wanted.order if wanted.order in ORDERS else "newest",
        cursor=wanted.cursor,
        limit=wanted.limit,
    )
    found, following = list_top(ctx.database, query)
    return with_progress(ctx, found), following
