"""What administrators set while the tool runs: limits of people and of work, and the settings of data sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.capture_rules import SOURCE_RULES
from app.domain.errors import InvalidInput, NotFound
from app.domain.expiry import DAYS
from app.domain.right import Right
from app.domain.setting import (
    EXTENSION,
    EXTENSIONS,
    LIMIT_DEFAULTS,
    LIMIT_RULES,
    LIMITS,
    WORKER_RULES,
    WORKERS,
    OneOf,
    Rule,
    Switch,
    Words,
    limit_or_default,
)
from app.domain.setting_groups import SITE_GROUPS
from app.domain.site_page import PAGES, TEXTS, is_page_name, page_names, page_rule
from app.domain.texts import declared, say
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.plugins.options import specs
from app.plugins.registry import Runnable
from app.plugins.source_settings import SourceRule
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.job_limits import declared_limits
from app.services.person_setting import require_to_give
from app.settings import variable_of
from app.storage import setting
from app.storage.database import Transaction

_DECLARED = "declared by the type"
_OF_SOURCE = "declared by the data source"
_OF_4CAT = "the tool"
AnyRule = Rule | SourceRule | Switch | Words | OneOf


@dataclass(frozen=True)
class SiteSetting:
    """One setting: what counts (`value`), and what does when nothing has been set (`default`, and `origin` of that).

    `type` is the type of work that it is about, `source` the data source; both are None for what is about people, of
    which `group` is the first part of the name, such as `accounts`, or empty for the limits.
    `ignored` is a stored value that is not valid and so does not count.
    """

    name: str
    type: str | None
    value: Any
    is_set: bool
    default: Any
    origin: str
    rule: AnyRule
    source: str | None = None
    group: str = ""
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
    """Every setting: the limits per person, then those of each data source, then of each type of work, by name."""
    require_given(actor, Right.SETTINGS)
    site = ctx.site_settings()
    return [_shown(known, site) for known in _known(ctx, site)]


def get_site_setting(ctx: Context, actor: User, name: str) -> SiteSetting:
    """One setting. :raises NotFound: when there is none of this name"""
    require_given(actor, Right.SETTINGS)
    return _shown(_find(ctx, name), ctx.site_settings())


def set_site_setting(ctx: Context, actor: User, name: str, value: object) -> SiteSetting:
    """Set one setting, from now on and for all machines; a text is read as a number where one is wanted.

    :raises NotFound: when there is none of this name
    :raises InvalidInput: naming the setting and what is expected
    """
    return change_site_settings(ctx, actor, {name: value})[0]


def unset_site_setting(ctx: Context, actor: User, name: str) -> SiteSetting:
    """Let the default of a setting count again. :raises NotFound: when there is none of this name"""
    return change_site_settings(ctx, actor, {name: None})[0]


def change_site_settings(ctx: Context, actor: User, wanted: Mapping[str, object]) -> list[SiteSetting]:
    """Set several at once, all or none; None lets the default count again.

    :raises NotFound: when there is none of a name
    :raises InvalidInput: naming the settings that will not do and what is expected of them
    :raises NotAllowed: when everybody would be given, or lose, a right that the actor does not have
    """
    require_given(actor, Right.SETTINGS)
    require_write(actor)
    known = [_find(ctx, name) for name in wanted]
    values = {found.name: _read(found.rule, wanted[found.name]) for found in known}
    wrong = {
        found.name: [_will_not_do(wanted[found.name], _expected(found.rule, wanted[found.name]))]
        for found in known
        if wanted[found.name] is not None and values[found.name] is None
    }
    if wrong:
        raise InvalidInput(wrong)
    site = ctx.site_settings()
    require_to_give(ctx, actor, [name for name, value in values.items() if site.get(name) != value])
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
    rule: AnyRule
    default: Any
    origin: str
    source: str | None = None
    group: str = ""


def _known(ctx: Context, site: Mapping[str, Any]) -> Iterator[_Known]:
    for what, rule in LIMIT_RULES.items():
        field = {"open_jobs": "max_open_jobs", "stored_mb": "max_stored_mb"}.get(what)
        if field is None:
            yield _Known(f"{LIMITS}.{what}", None, rule, LIMIT_DEFAULTS[what], _OF_4CAT)
        else:
            yield _Known(f"{LIMITS}.{what}", None, rule, getattr(ctx.settings, field), variable_of(field))
    for group, rules in SITE_GROUPS.items():
        for what, about in rules.items():
            is_name = (group, what) == (TEXTS, "name")
            default, origin = (
                (ctx.settings.site_name, variable_of("site_name")) if is_name else (about.default, _OF_4CAT)
            )
            yield _Known(f"{group}.{what}", None, about, default, origin, group=group)
    yield from map(_page, page_names(site))
    for name in sorted({found.name for found in ctx.registry.extensions}):
        yield _Known(f"{EXTENSIONS}.{name}", None, EXTENSION, EXTENSION.default, _OF_4CAT, group=EXTENSIONS)
    everywhere = limit_or_default(site, DAYS)
    for _, source in sorted(ctx.registry.datasources.items()):
        yield from _known_of_source(source, everywhere)
    for type_, plugin in sorted(ctx.registry.queues().items()):
        yield from _known_of_type(ctx, type_, plugin)


def _page(name: str) -> _Known:
    rule = page_rule(name)
    return _Known(f"{PAGES}.{name}", None, rule, rule.default, _OF_4CAT, group=PAGES)


def _known_of_source(source: type[DataSource], everywhere: int) -> Iterator[_Known]:
    defaults = source.Settings()
    for name in specs(source.Settings):
        rule = SourceRule(source.Settings, name)
        yield _Known(f"{source.id}.{name}", None, rule, getattr(defaults, name), _OF_SOURCE, source.id)
    for what, about in SOURCE_RULES.items():
        default, origin = (everywhere, f"{LIMITS}.{DAYS}") if what == DAYS else (True, _OF_4CAT)
        yield _Known(f"{source.id}.{what}", None, about, default, origin, source.id)


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
    found = next((known for known in _known(ctx, ctx.site_settings()) if known.name == name), None)
    about, _, page = name.partition(".")
    if found is None and about == PAGES and is_page_name(page):
        return _page(page)  # it is made by writing it
    if found is None:
        raise NotFound(say("There is no setting called {name}. The list of settings shows what there is.", name=name))
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
        source=known.source,
        group=known.group,
        ignored=stored if value is None else None,
    )


def _read(rule: AnyRule, value: object) -> Any:
    """A value as the setting takes it, also one written as text, as forms and command lines have it; else None."""
    if isinstance(value, str):
        value = value.strip()
        if isinstance(rule, Rule) and re.fullmatch(r"[+-]?[0-9]{1,15}", value):
            return rule.read(int(value))
    return rule.read(value)


def _expected(rule: AnyRule, value: object) -> str:
    return rule.complaint(value) if isinstance(rule, SourceRule) else rule.expected


def _will_not_do(value: object, expected: str) -> str:
    text = str(value).strip()
    if not text:
        return say("Nothing will not do. {expected}", expected=declared(expected))
    return say("“{given}” will not do. {expected}", given=text[:40], expected=declared(expected))
