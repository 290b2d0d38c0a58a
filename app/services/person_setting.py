"""What counts for one person: what is set for them, else for one of their tags, else for everybody, else the default.

Of several tags the one that stands first in the order of tags counts; those that have no place in it follow, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.domain.right import GIVEN_RULES, PERSON_RULES, RIGHT_RULES, Right
from app.domain.setting import LIMITS, RIGHTS, TAG_ORDER, Rule, Switch, tag_order
from app.domain.texts import declared, say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.grant import giving_nothing_new, require_reach
from app.services.user_tag import read_tag
from app.settings import Settings
from app.storage import person_setting, setting
from app.storage import user as users
from app.storage.database import Session

_REFUSALS = {
    "capture": say("Your account may not make datasets. Ask an administrator."),
    "analyse": say("Your account may not run analyses. Ask an administrator."),
    "tokens": say("Your account may not make API tokens. Ask an administrator."),
    "browse": say("Your account may not list the datasets of others. Ask an administrator."),
    "export": say("Your account may not take datasets to another installation. Ask an administrator."),
    "publish": say("Your account may not show datasets to everyone. Share it with people, or ask an administrator."),
}


@dataclass(frozen=True)
class Found:
    """What counts, and where it comes from: `user`, `tag NAME`, `everybody` or `default`."""

    value: Any
    origin: str


@dataclass(frozen=True)
class Whose:
    """A user by number, or a tag."""

    user_id: int | None = None
    tag: str | None = None


@dataclass(frozen=True)
class PersonSetting:
    """One setting of a user or tag: its own value or None, what counts without it, and whether the actor may set it."""

    name: str
    rule: Rule | Switch
    own: Any
    otherwise: Found
    may_set: bool = True

    @property
    def is_given(self) -> bool:
        """Whether it is a right of administrators, which is never set for everybody."""
        return _right_in(self.name) in GIVEN_RULES


def _right_in(name: str) -> str | None:
    """The right that a setting is about, or None."""
    return name.removeprefix(f"{RIGHTS}.") if name.startswith(f"{RIGHTS}.") else None


def resolve(settings: Settings, db: Session, user_id: int, lent: Sequence[str] = ()) -> dict[str, Found]:
    """All that can be set for a person, by name: what counts for this one, with some tags that are `lent` to them."""
    site = setting.all_settings(db)
    layers = _layers(person_setting.of_user(db, user_id, lent), site)
    return {name: _find(settings, name, layers, site) for name in PERSON_RULES}


def _layers(rows: list[dict[str, Any]], site: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What is set for a user, then for each of their tags in order, by the name of the layer."""
    found: dict[str | None, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row["tag"], {})[row["name"]] = row["value"]
    tags = sort_tags([tag for tag in found if tag is not None], site)
    return [("user", found.get(None, {})), *((f"tag {tag}", found[tag]) for tag in tags)]


def sort_tags(tags: list[str], site: Mapping[str, Any]) -> list[str]:
    """Tags in the order in which their settings count."""
    order = {tag: place for place, tag in enumerate(tag_order(site))}
    return sorted(tags, key=lambda tag: (order.get(tag, len(order)), tag))


def _find(settings: Settings, name: str, layers: list[tuple[str, dict[str, Any]]], site: Mapping[str, Any]) -> Found:
    rule = PERSON_RULES[name]
    for origin, values in [*layers, ("everybody", site)]:
        value = rule.read(values[name]) if name in values else None
        if value is not None:
            return Found(value, origin)
    return Found(default_of(settings, name), "default")


def default_of(settings: Settings, name: str) -> Any:
    """What counts when nothing has been set."""
    rule = PERSON_RULES[name]
    if isinstance(rule, Switch):
        return rule.default
    return getattr(settings, {f"{LIMITS}.open_jobs": "max_open_jobs", f"{LIMITS}.stored_mb": "max_stored_mb"}[name])


def has_right(ctx: Context, user: User, right: str) -> bool:
    """Whether somebody may do what can be taken from people, such as `capture`; administrators may do everything."""
    return user.is_admin or bool(resolve(ctx.settings, ctx.database, user.id, user.lent)[f"{RIGHTS}.{right}"].value)


def rights_of(ctx: Context, user: User) -> set[str]:
    """All that somebody may do, such as `capture` or `admin_users`."""
    found = {} if user.is_admin else resolve(ctx.settings, ctx.database, user.id, user.lent)
    ordinary = {right for right in RIGHT_RULES if user.is_admin or found[f"{RIGHTS}.{right}"].value}
    return ordinary | {right for right in GIVEN_RULES if user.has(Right(right))}


def require_right(ctx: Context, user: User, right: str) -> None:
    """Make sure that somebody may do something. :raises NotAllowed: when not"""
    if not has_right(ctx, user, right):
        raise NotAllowed(_REFUSALS[right])


def require_to_give(ctx: Context, actor: User, names: Iterable[str]) -> None:
    """Make sure that the actor has those of these settings that are rights. :raises NotAllowed: naming one when not"""
    wanted = [name for name in names if _right_in(name)]
    held = rights_of(ctx, actor) if wanted else set()
    for name in wanted:
        if _right_in(name) not in held:
            label = declared(PERSON_RULES[name].label)
            raise NotAllowed(say("Only who has the right “{right}” may give or take it.", right=label))


def list_person_settings(ctx: Context, actor: User, whose: Whose) -> list[PersonSetting]:
    """All that can be set for a user or a tag. :raises NotFound: when there is no such user"""
    require_given(actor, Right.SETTINGS)
    db = ctx.database
    if whose.user_id is not None and users.find(db, whose.user_id) is None:
        raise NotFound(say("There is no user {user_id}.", user_id=whose.user_id))
    site = setting.all_settings(db)
    own = person_setting.own(db, whose.user_id, whose.tag)
    rows = [] if whose.user_id is None else person_setting.of_user(db, whose.user_id)
    without = _layers([row for row in rows if row["tag"] is not None], site)
    held = rights_of(ctx, actor)
    return [
        PersonSetting(
            name,
            rule,
            rule.read(own[name]) if name in own else None,
            _find(ctx.settings, name, without, site),
            may_set=_right_in(name) is None or _right_in(name) in held,
        )
        for name, rule in PERSON_RULES.items()
    ]


def change_person_settings(ctx: Context, actor: User, whose: Whose, wanted: Mapping[str, Any]) -> None:
    """Set several for a user or a tag, all or none; None or an empty text lets what is set for everybody count again.

    :raises NotFound: when there is no such user, or no setting of a name
    :raises InvalidInput: naming the settings that will not do
    :raises NotAllowed: when the actor does not have the right that would be given or taken
    """
    require_given(actor, Right.SETTINGS)
    require_write(actor)
    if whose.tag is not None:
        read_tag(whose.tag)
    else:
        user = users.find(ctx.database, whose.user_id) if whose.user_id is not None else None
        if user is None:
            raise NotFound(say("There is no user {user_id}.", user_id=whose.user_id))
        require_reach(actor, user)
    values: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, given in wanted.items():
        rule = PERSON_RULES.get(name)
        if rule is None:
            raise NotFound(say("Nothing called {name} can be set for a person.", name=name))
        values[name] = _read(rule, given)
        if values[name] is None and given not in (None, ""):
            wrong[name] = [say("“{given}” will not do. {expected}", given=str(given)[:40], expected=rule.expected)]
    if wrong:
        raise InvalidInput(wrong)
    with ctx.database.transaction() as tx:
        users.lock_rights(tx)
        own = person_setting.own(tx, whose.user_id, whose.tag)
        require_to_give(ctx, actor, [name for name, value in values.items() if own.get(name) != value])
        for name, value in values.items():
            person_setting.put(tx, whose.user_id, whose.tag, name, value)


def _read(rule: Rule | Switch, given: Any) -> Any:
    if isinstance(rule, Rule) and isinstance(given, str) and given.strip().isdecimal() and len(given) < 16:
        given = int(given)
    return rule.read(given)


def order_tags(ctx: Context, actor: User, tags: list[str]) -> None:
    """Set the order in which the settings of tags count. :raises InvalidInput: when something cannot be a tag"""
    require_given(actor, Right.TAGS)
    require_write(actor)
    order = list(dict.fromkeys(read_tag(tag) for tag in tags))
    with ctx.database.transaction() as tx, giving_nothing_new(tx, actor):
        setting.put(tx, TAG_ORDER, order)
