"""What administrators set while the tool runs: how much of which work runs at once, what a job and a person may use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, NotFound
from app.domain.setting import LIMIT_RULES, LIMITS, WORKER_RULES, WORKERS, Rule
from app.domain.user import User
from app.plugins.registry import Runnable
from app.services.access import require_admin, require_write
from app.services.context import Context
from app.services.job_limits import declared_limits
from app.settings import variable_of
from app.storage import setting
from app.storage.database import Transaction

_DECLARED = "declared by the type"


@dataclass(frozen=True)
class SiteSetting:
    """One setting: what counts (`value`), and what does when nothing has been set (`default`, and `origin` of that).

    `type` is the type of work that it is about, None for a limit per person. `ignored` is a stored value that is not
    valid and so does not count.
    """

    name: str
    type: str | None
    value: int
    is_set: bool
    default: int
    origin: str
    rule: Rule
    ignored: Any = None

    @property
    def help(self) -> str:
        """What it means and what it takes."""
        return self.rule.help

    @property
    def unit(self) -> str:
        """What is counted."""
        return self.rule.unit


def list_site_settings(ctx: Context, actor: User) -> list[SiteSetting]:
    """Every setting: the limits per person, then those of each type of work by name."""
    require_admin(actor)
    site = ctx.site_settings()
    return [_shown(known, site) for known in _known(ctx)]


def get_site_setting(ctx: Context, actor: User, name: str) -> SiteSetting:
    """One setting. :raises NotFound: when there is none of this name"""
    require_admin(actor)
    return _shown(_find(ctx, name), ctx.site_settings())


def set_site_setting(ctx: Context, actor: User, name: str, value: int | str) -> SiteSetting:
    """Set one setting, from now on and for all machines; a text is read as a number.

    :raises NotFound: when there is none of this name
    :raises InvalidInput: naming the setting and what is expected
    """
    return change_site_settings(ctx, actor, {name: value})[0]


def unset_site_setting(ctx: Context, actor: User, name: str) -> SiteSetting:
    """Let the default of a setting count again. :raises NotFound: when there is none of this name"""
    return change_site_settings(ctx, actor, {name: None})[0]


def change_site_settings(ctx: Context, actor: User, wanted: Mapping[str, int | str | None]) -> list[SiteSetting]:
    """Set several at once, all or none; None lets the default count again.

    :raises NotFound: when there is none of a name
    :raises InvalidInput: naming the settings that will not do and what is expected of them
    """
    require_admin(actor)
    require_write(actor)
    known = [_find(ctx, name) for name in wanted]
    values = {found.name: found.rule.read(_number(wanted[found.name])) for found in known}
    wrong = {
        found.name: [f"{_quoted(wanted[found.name])} will not do. {found.rule.expected}"]
        for found in known
        if wanted[found.name] is not None and values[found.name] is None
    }
    if wrong:
        raise InvalidInput(wrong)
    with ctx.database.transaction() as tx:
        for name, value in values.items():
            if value is None:
                setting.delete(tx, name)
            else:
                setting.put(tx, name, value)
        _dispatch_after(ctx, tx, {found.type for found in known if found.type})
    return [_shown(found, values) for found in known]


def _dispatch_after(ctx: Context, tx: Transaction, types: set[str]) -> None:
    """More may run at once now, so more is started; memory and time are read anew by each job that starts."""
    for type_ in sorted(types):
        tx.after_commit(lambda type_=type_: ctx.queue.try_dispatch(type_))  # type: ignore[misc]


@dataclass(frozen=True)
class _Known:
    name: str
    type: str | None
    rule: Rule
    default: int
    origin: str


def _known(ctx: Context) -> Iterator[_Known]:
    for what, rule in LIMIT_RULES.items():
        field = {"open_jobs": "max_open_jobs", "stored_mb": "max_stored_mb"}[what]
        yield _Known(f"{LIMITS}.{what}", None, rule, getattr(ctx.settings, field), variable_of(field))
    for type_, plugin in sorted(ctx.registry.queues().items()):
        yield from _known_of_type(ctx, type_, plugin)


def _known_of_type(ctx: Context, type_: str, plugin: Runnable) -> Iterator[_Known]:
    limits = declared_limits(ctx.settings, plugin)
    defaults = {
        "max_workers": (plugin.max_workers, _DECLARED),
        "memory_mb": (limits.memory_mb, variable_of("job_memory_mb") if plugin.memory_mb is None else _DECLARED),
        "minutes": (limits.minutes, variable_of("job_minutes") if plugin.minutes is None else _DECLARED),
    }
    for what, rule in WORKER_RULES.items():
        yield _Known(f"{WORKERS}.{type_}.{what}", type_, rule, *defaults[what])


def _find(ctx: Context, name: str) -> _Known:
    found = next((known for known in _known(ctx) if known.name == name), None)
    if found is None:
        raise NotFound(f"There is no setting called {name}. The list of settings shows what there is.")
    return found


def _shown(known: _Known, site: Mapping[str, Any]) -> SiteSetting:
    stored = site.get(known.name)
    value = known.rule.read(stored)
    return SiteSetting(
        name=known.name,
        type=known.type,
        value=known.default if value is None else value,
        is_set=value is not None,
        default=known.default,
        origin=known.origin,
        rule=known.rule,
        ignored=stored if value is None else None,
    )


def _number(value: object) -> object:
    """A number written as text, as forms and command lines have it."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,15}", value.strip()):
        return int(value)
    return value


def _quoted(value: object) -> str:
    text = str(value).strip()
    return f"“{text[:40]}”" if text else "Nothing"
