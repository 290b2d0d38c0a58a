"""A table of counts over time as a chart, so that its shape is seen before its numbers."""

from __future__ import annotations

from typing import Any

from app.domain.dataset import Dataset, Kind
from app.domain.texts import say
from app.services.charts import bars_over_time
from app.services.context import Context

_MOST = 1000
_COLUMNS = {"date", "item", "value"}


def has_timeline(dataset: Dataset) -> bool:
    """Whether a result is a table with one value per date, of one thing, and has few enough rows to draw."""
    if dataset.result is None or dataset.result.kind is not Kind.TABLE or dataset.is_items:
        return False
    return set(dataset.columns) == _COLUMNS and dataset.type == "count-posts" and 1 < (dataset.rows or 0) <= _MOST


def spec_of(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """The chart of a result that has a timeline: one bar per date."""
    import pyarrow.parquet as pq

    assert dataset.result is not None  # noqa: S101 - what has a timeline has a result
    path = ctx.files.local(dataset.result.files["table"])
    rows = pq.read_table(path, columns=["date", "value"]).to_pylist()
    values = [{"date": str(row["date"]), "value": row["value"]} for row in rows]
    chart = bars_over_time(values, "value", height=320, labels=14)
    chart["mark"] |= {"opacity": 0.88, "cornerRadiusEnd": 3 if len(values) < 80 else 0}
    chart["encoding"]["x"]["scale"] = {"paddingInner": 0.18 if len(values) < 200 else 0, "paddingOuter": 0.1}
    chart["encoding"]["tooltip"] = [
        {"field": "date", "title": say("Date")},
        {"field": "value", "title": say("Posts"), "type": "quantitative", "format": ",d"},
    ]
    return chart
