"""Data sources as people see them: what they are, and what of each is kept here."""

from __future__ import annotations

from typing import Any

from app.plugins.datasource import DataSource
from app.plugins.overview import Overview
from app.services.context import Context

_PERIODS = {"day": 10, "month": 7, "year": 4}


def source_overview(ctx: Context, datasource_id: str) -> tuple[type[DataSource], Overview | None]:
    """A source with what is kept of it. :raises NotFound: when there is no such source"""
    source = ctx.registry.datasource(datasource_id)
    return source, source.overview(ctx.site_settings(), ctx.database)


def activity_chart(found: Overview) -> dict[str, Any]:
    """Posts by period and part as stacked bars, a Vega-Lite specification."""
    letters = _PERIODS[found.period]
    values = [
        {"date": began.isoformat()[:letters], "part": part, "posts": posts} for began, part, posts in found.activity
    ]
    dates = sorted({str(value["date"]) for value in values})
    shown = dates[:: max(len(dates) // 6, 1)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 220,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": values},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "date",
                "type": "ordinal",
                "title": None,
                "axis": {"labelAngle": 0, "values": shown, "ticks": False, "labelPadding": 8},
            },
            "y": {
                "field": "posts",
                "type": "quantitative",
                "title": None,
                "axis": {"domain": False, "ticks": False, "format": ",d", "tickCount": 4, "tickMinStep": 1},
            },
            "color": {"field": "part", "type": "nominal", "title": None},
        },
    }
