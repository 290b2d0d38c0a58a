"""Who may see and change what. Every service asks here; nothing else decides.

Visitors who are let in without a password are all one user, `autologin`: they make datasets, see and change those of
each other, and see what is shared, as any user does. What belongs to a person (tokens, a password) they do not have.
"""

from __future__ import annotations

from dataclasses import replace

from app.domain.dataset import Dataset
from app.domain.errors import NotAllowed, NotFound
from app.domain.right import GIVEN_RULES, Right
from app.domain.share import Role
from app.domain.texts import declared, say
from app.domain.user import User


def require_active(actor: User) -> None:
    """Make sure that the actor may look at what everybody here may see. :raises NotAllowed: when switched off"""
    if not actor.is_active:
        raise NotAllowed(say("This account has been switched off. Ask an administrator."))


def require_write(actor: User) -> None:
    """Make sure that the actor may change anything at all. :raises NotAllowed: with a token that may only read"""
    require_active(actor)
    if actor.read_only:
        raise NotAllowed(say("This token may only read. Make one that may also change things."))


def require_given(actor: User, *rights: Right) -> None:
    """Make sure that the actor has one of these rights. :raises NotAllowed: naming the first when not"""
    if not (actor.is_active and actor.has(*rights)):
        label = declared(GIVEN_RULES[rights[0]].label)
        raise NotAllowed(say("Only administrators may do this, and who has the right “{right}”.", right=label))


def sees_all(actor: User) -> bool:
    """Whether the actor may look at the private datasets of everybody."""
    return actor.is_active and actor.has(Right.SIGHT, Right.DATASETS)


def changes_all(actor: User) -> bool:
    """Whether the actor may do with everybody's datasets and uploads what their owners may, if they may write."""
    return actor.is_active and actor.has(Right.DATASETS)


def as_one_for_all(actor: User) -> User:
    """The actor with the right to everybody's datasets, for a job that another right lets them stop or run again."""
    return replace(actor, rights=actor.rights | {Right.DATASETS})


def require_own_account(actor: User) -> None:
    """Make sure that the actor is one person. :raises NotAllowed: for visitors who share an account"""
    if actor.is_shared:
        raise NotAllowed(
            say("You share this account with all who are let in without a password. Sign in with your own.")
        )


def role_in(actor: User, dataset: Dataset) -> Role | None:
    """What the actor is to the family of a dataset: its maker or one of its owners, a viewer, or nobody in particular.

    The role that somebody has by their name and those that they have by their tags add up.
    """
    roles = {dataset.shares[name] for name in actor.named_as if name in dataset.shares}
    if dataset.family_owner_id == actor.id or Role.OWNER in roles:
        return Role.OWNER
    return Role.VIEWER if roles else None


def can_see(actor: User, dataset: Dataset) -> bool:
    """Whether the actor may look at a dataset and analyse it.

    They may when it is theirs, shared with them, or not private, and with the right to see all. What somebody has
    made from a dataset stays theirs to see when that is shared with them no longer.
    """
    if not actor.is_active:
        return False
    if sees_all(actor) or dataset.owner_id == actor.id or not dataset.is_private:
        return True
    return role_in(actor, dataset) is not None


def require_see(actor: User, dataset: Dataset) -> None:
    """Make sure that the actor may look. :raises NotFound: when not, as if it did not exist"""
    if not can_see(actor, dataset):
        raise NotFound(say("There is no dataset {key}.", key=dataset.key))


def can_change(actor: User, dataset: Dataset) -> bool:
    """Whether the actor may rename, cancel or delete a dataset: they made it, or are an owner of its family."""
    return _may_write(actor) and (dataset.owner_id == actor.id or can_share(actor, dataset))


def can_share(actor: User, dataset: Dataset) -> bool:
    """Whether the actor may decide who sees the family of a dataset."""
    return _may_write(actor) and owns_family(actor, dataset)


def owns_family(actor: User, dataset: Dataset) -> bool:
    """Whether the actor is an owner of a dataset's family, or administers all; also with a token that only reads."""
    return changes_all(actor) or (actor.is_active and role_in(actor, dataset) is Role.OWNER)


def _may_write(actor: User) -> bool:
    return actor.is_active and not actor.read_only


def require_change(actor: User, dataset: Dataset) -> None:
    """Make sure that the actor may change a dataset. :raises NotFound, NotAllowed: when not"""
    require_see(actor, dataset)
    require_write(actor)
    if not can_change(actor, dataset):
        raise NotAllowed(say("This dataset belongs to somebody else."))


def owns(actor: User, dataset: Dataset) -> bool:
    """Whether a dataset is the actor's to change, also with a token that may only read."""
    return can_change(replace(actor, read_only=False), dataset)


def can_code(actor: User, dataset: Dataset, *, is_open: bool) -> bool:
    """Whether the actor may note down values in a field of a dataset: its owners, and all who see it if it is open."""
    return _may_write(actor) and can_see(actor, dataset) and (is_open or can_change(actor, dataset))


def require_share(actor: User, dataset: Dataset) -> None:
    """Make sure that the actor may decide who sees a dataset. :raises NotFound, NotAllowed: when not"""
    require_see(actor, dataset)
    require_write(actor)
    require_family(actor, dataset)


def require_family(actor: User, dataset: Dataset) -> None:
    """Make sure that the actor is an owner of the family of a dataset. :raises NotFound, NotAllowed: when not"""
    require_see(actor, dataset)
    if not owns_family(actor, dataset):
        raise NotAllowed(say("Only the owners of a capture decide who may see it and what was made from it."))
