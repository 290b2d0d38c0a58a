"""What this site is, in its administrators' words and in numbers, and the pages that they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app import __version__
from app.domain.errors import NotFound
from app.domain.site_page import SitePage, find_page, list_pages, text_setting
from app.domain.texts import declared, say
from app.domain.user import User
from app.services.access import require_active
from app.services.context import Context
from app.storage import statistics


@dataclass(frozen=True)
class OpenSource:
    """A data source that can be used here, and how many posts of it are kept besides datasets."""

    id: str
    title: str
    about: str
    kept_posts: int


@dataclass(frozen=True)
class About:
    """What is told of this site. Texts are Markdown; `contact` is a line. `posts` are those in captures."""

    name: str
    version: str
    text: str
    news: str
    contact: str
    captures: int
    datasets: int
    posts: int
    kept_posts: int
    users: int
    sources: Sequence[OpenSource]


def about_site(ctx: Context, actor: User) -> About:
    """What this site is: texts, numbers of what is not deleted, and the data sources that can be used."""
    require_active(actor)
    site, registry = ctx.site_settings(), ctx.registry
    counts, kept = statistics.totals(ctx.database), statistics.kept_by_source(ctx.database)
    usable = sorted(registry.datasources.values(), key=lambda source: source.title)
    sources = [
        OpenSource(source.id, declared(source.title), source.description(), kept.get(source.id, 0))
        for source in usable
        if not registry.unavailable(source, site)
    ]
    return About(
        name=ctx.site_name,
        version=__version__,
        text=text_setting(site, "about"),
        news=text_setting(site, "news"),
        contact=text_setting(site, "contact"),
        kept_posts=sum(kept.values()),
        sources=sources,
        **counts,
    )


def list_site_pages(ctx: Context) -> list[SitePage]:
    """The pages of the administrators' on which something is written. They are for everybody."""
    return list(list_pages(ctx.site_settings()))


def get_site_page(ctx: Context, name: str) -> SitePage:
    """One of them. :raises NotFound: when there is none of this name, or nothing is written on it"""
    found = find_page(ctx.site_settings(), name)
    if found is None:
        raise NotFound(say("There is no page called {name} here.", name=name[:40]))
    return found
