"""Who may see and change what. Every service asks here; nothing else decides."""

from __future__ import annotations

from dataclasses import replace

from app.domain.dataset import Dataset
from app.domain.errors import NotAllowed, NotFound
from app.domain.user import User


def require_write(actor: User) -> None:
    """Make sure that the actor may change anything at all. :raises NotAllowed: with a token that may only read"""
    if not actor.is_active:
        raise NotAllowed("This account has been switched off. Ask an administrator.")
    if actor.read_only:
        raise NotAllowed("This token may only read. Make one that may also change things.")


def require_admin(actor: User) -> None:
    """Make sure that the actor is an administrator. :raises NotAllowed: when not"""
    if not (actor.is_admin and actor.is_active):
        raise NotAllowed("Only administrators may do this.")


def can_see(actor: User, dataset: Dataset) -> bool:
    """Whether the actor may look at a dataset: it is theirs, it is not private, or they are an administrator."""
    return actor.is_active and (actor.is_admin or dataset.owner_id == actor.id or not dataset.is_private)


def require_see(actor: User, dataset: Dataset) -> None:
    """Make sure that the actor may look. :raises NotFound: when not, as if it did not exist"""
    if not can_see(actor, dataset):
        raise NotFound(f"There is no dataset {dataset.key}.")


def can_change(actor: User, dataset: Dataset) -> bool:
    """Whether the actor may rename, cancel or delete a dataset."""
    return actor.is_active and not actor.read_only and (actor.is_admin or dataset.owner_id == actor.id)


def require_change(actor: User, dataset: Dataset) -> None:
    """Make sure that the actor may change a dataset. :raises NotFound, NotAllowed: when not"""
    require_see(actor, dataset)
    require_write(actor)
    if not can_change(actor, dataset):
        raise NotAllowed("This dataset belongs to somebody else.")


def owns(actor: User, dataset: Dataset) -> bool:
    """Whether a dataset is the actor's to change, also with a token that may only read."""
    return can_change(replace(actor, read_only=False), dataset)


def can_code(actor: User, dataset: Dataset, *, is_open: bool) -> bool:
    """Whether the actor may note down values in a field of a dataset: its owners, and all who see it if it is open."""
    may_write = actor.is_active and not actor.read_only
    return may_write and can_see(actor, dataset) and (is_open or can_change(actor, dataset))
