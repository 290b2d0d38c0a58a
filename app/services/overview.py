"""Data sources as people see them: what they are, and what of each is kept here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.errors import TookTooLong
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.plugins.overview import Activity, Overview
from app.services.access import require_active
from app.services.charts import bars_over_time
from app.services.context import Context

_PERIODS = {"day": 10, "month": 7, "year": 4}
_SECONDS = 2.0
"""For how long the database may look for each of the things that are told of a source."""


def source_overview(ctx: Context, actor: User, datasource_id: str) -> tuple[type[DataSource], Overview | None]:
    """A source with what is kept of it; None for one that keeps nothing.

    :raises NotFound: when there is no such source
    :raises TookTooLong: when the database is too busy to tell
    """
    require_active(actor)
    source = ctx.registry.datasource(datasource_id)
    settings = ctx.site_settings()
    with ctx.database.transaction() as tx:
        tx.within(_SECONDS)
        return source, source.overview(settings, tx)


def source_activity(ctx: Context, actor: User, datasource_id: str) -> Activity | None:
    """Posts of a source by period and part; None for one that keeps nothing. Raises as `source_overview` does."""
    require_active(actor)
    source = ctx.registry.datasource(datasource_id)
    with ctx.database.transaction() as tx:
        tx.within(_SECONDS)
        return source.activity(tx)


def kept_values(ctx: Context, source: type[DataSource]) -> Mapping[str, Mapping[str, int]]:
    """What can be named in options of text because posts of it are kept here: by option, how many of each.

    Nothing while the database is too busy to tell.
    """
    try:
        with ctx.database.transaction() as tx:
            tx.within(_SECONDS)
            return source.kept_values(tx)
    except TookTooLong:
        return {}


def activity_chart(found: Activity) -> dict[str, Any]:
    """Posts by period and part as stacked bars, a Vega-Lite specification."""
    letters = _PERIODS[found.period]
    values = [
        {"date": began.isoformat()[:letters], "part": part, "posts": posts} for began, part, posts in found.counts
    ]
    chart = bars_over_time(values, "posts", height=220, labels=6)
    chart["encoding"]["color"] = {"field": "part", "type": "nominal", "title": None}
    return chart
