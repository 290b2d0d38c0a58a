"""How values are shown: numbers, sizes, times and the state of a dataset, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from app.domain.dataset import Dataset, Kind, Status
from app.domain.share import holders
from app.domain.texts import say, say_many, told
from app.services.timeline import has_timeline
from app.web.markdown import as_html

_STATUS = {
    Status.WAITING: say("Waiting"),
    Status.RUNNING: say("Running"),
    Status.FINISHED: say("Finished"),
    Status.EMPTY: say("Nothing found"),
    Status.FAILED: say("Failed"),
    Status.CANCELLED: say("Cancelled"),
}
_WITHIN = {
    Status.WAITING: say("waiting"),
    Status.RUNNING: say("running"),
    Status.FINISHED: say("finished"),
    Status.EMPTY: say("nothing found"),
    Status.FAILED: say("failed"),
    Status.CANCELLED: say("cancelled"),
}
_NAMES = {
    "waiting": say("waiting"),
    "rung": say("about to start"),
    "running": say("running"),
    "finished": say("finished"),
    "empty": say("empty"),
    "failed": say("failed"),
    "cancelled": say("cancelled"),
}
_ICONS = {
    Kind.TABLE: "table",
    Kind.FILES: "files",
    Kind.GRAPH: "network",
    Kind.CHART: "chart",
    Kind.PAGE: "page",
}


def number(value: float | None) -> str:
    """A number with thousands separators; whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def rough(value: int) -> int:
    """A number with three digits that count: 12,345 is about 12,300."""
    zeros = max(len(str(abs(value))) - 3, 0)
    return round(value, -zeros)


def size(bytes_: int) -> str:
    """Bytes as kB, MB or GB."""
    amount = float(bytes_)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{int(amount):,} {unit}" if amount >= 100 or unit == "bytes" else f"{amount:.1f} {unit}"


def seconds(value: float | None) -> str:
    """A duration."""
    if value is None:
        return ""
    if value < 10:
        return f"{max(value, 0.1):.1f} s"
    if value < 120:
        return f"{round(value)} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(value / 3600, 1):g} h"


def when(moment: datetime | None) -> Markup:
    """A time in UTC; a script shows it in the reader's own zone."""
    if moment is None:
        return Markup("")
    utc = moment.astimezone(UTC)
    text = f"{utc.day} {utc:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}" data-local>{}</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", text)


def coded(text: str) -> Markup:
    """Text, in the reader's language, in which what stands between back-ticks is code."""
    text = told(text)
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts)
    )


def ordinal(place: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    suffix = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{suffix}"


def status_word(dataset: Dataset) -> str:
    """The state of a dataset in a word or two, as a title."""
    return _STATUS[dataset.status]


def status_within(dataset: Dataset) -> str:
    """The same within a line."""
    return _WITHIN[dataset.status]


def state_name(state: str) -> str:
    """The name of the state of a dataset or a job, as administrators choose by it."""
    return _NAMES[state]


def shared_with(dataset: Dataset) -> str:
    """With how many people and tags a dataset is shared."""
    tags = sum(who.startswith(holders("")) for who in dataset.shares)
    people = len(dataset.shares) - tags
    some, groups = say_many("{n} person", "{n} people", people), say_many("{n} tag", "{n} tags", tags)
    if people and tags:
        return say("shared with {people} and {tags}", people=some, tags=groups)
    return say("shared with {who}", who=some if people else groups)


def icon_of(dataset: Dataset) -> str:
    """The name of the drawing for a dataset."""
    if dataset.parent and dataset.type != dataset.acts_as and dataset.kind is Kind.TABLE and dataset.attach_to is None:
        return "filter"
    if has_timeline(dataset):
        return "chart"
    return _ICONS.get(dataset.kind, "table") if dataset.kind else "table"


def percent(progress: float | None) -> int | None:
    """Progress from 0 to 1 as whole percents."""
    return None if progress is None else max(0, min(100, round(progress * 100)))


def init_filters(app: Flask) -> None:
    """Let templates use these."""
    filters: dict[str, Any] = {
        "number": number,
        "rough": rough,
        "size": size,
        "seconds": seconds,
        "when": when,
        "coded": coded,
        "markdown": as_html,
        "ordinal": ordinal,
        "status_word": status_word,
        "status_within": status_within,
        "state_name": state_name,
        "shared_with": shared_with,
        "icon_of": icon_of,
        "percent": percent,
    }
    app.jinja_env.filters.update(filters)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
