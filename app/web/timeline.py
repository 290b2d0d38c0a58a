"""A table of counts over time as a chart, so that its shape is seen before its numbers."""

from __future__ import annotations

from typing import Any

from app.domain.dataset import Dataset, Kind
from app.domain.user import User
from app.services import items
from app.services.context import Context

_MOST = 1000
_COLUMNS = {"date", "item", "value"}


def has_timeline(dataset: Dataset) -> bool:
    """Whether a result is a table with one value per date, of one thing, and has few enough rows to draw."""
    if dataset.result is None or dataset.result.kind is not Kind.TABLE or dataset.is_items:
        return False
    return set(dataset.columns) == _COLUMNS and dataset.type == "count-posts" and 1 < (dataset.rows or 0) <= _MOST


def spec_of(ctx: Context, actor: User, dataset: Dataset) -> dict[str, Any]:
    """The chart: one bar per date."""
    found = items.page(ctx, actor, dataset.key, limit=_MOST)
    values = [{"date": str(row["date"]), "value": row["value"]} for row in found.rows]
    every = max(len(values) // 14, 1)
    shown = [value["date"] for place, value in enumerate(values) if place % every == 0]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 320,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": values},
        "mark": {"type": "bar", "opacity": 0.88, "cornerRadiusEnd": 3 if len(values) < 80 else 0},
        "encoding": {
            "x": {
                "field": "date",
                "type": "ordinal",
                "sort": None,
                "title": None,
                "scale": {"paddingInner": 0.18 if len(values) < 200 else 0, "paddingOuter": 0.1},
                "axis": {"labelAngle": 0, "values": shown, "ticks": False, "labelPadding": 8},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "axis": {"domain": False, "ticks": False, "format": ",d", "tickCount": 4, "tickMinStep": 1},
            },
            "tooltip": [
                {"field": "date", "title": "Date"},
                {"field": "value", "title": "Posts", "type": "quantitative", "format": ",d"},
            ],
        },
    }
