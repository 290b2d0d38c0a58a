"""Draw charts as pictures: Vega-Lite and Vega specifications to SVG and PNG, without a browser and without network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.domain.errors import UserError
from app.domain.texts import say, told
from app.services.palette import palette, ramp

WIDTH = 860
"""The width of a chart that would fill its container, in a picture that has none."""
NARROW = 430
"""The same on a phone."""
WIDE = 1240
"""The same where a chart has the whole width of a page."""

_FEW_BARS, _WIDEST_BAR = 6, 64
_FONT = "system-ui, DejaVu Sans, Segoe UI, Helvetica Neue, Arial, sans-serif"
_INKS = {
    "light": {"ink": "#1f2328", "soft": "#57606a", "line": "#d8dbe0", "paper": "#ffffff"},
    "dark": {"ink": "#e6e8eb", "soft": "#a0a8b3", "line": "#3a4149", "paper": "#16191d"},
}


def config(theme: str = "light", accent: str = "red") -> dict[str, Any]:
    """How our charts look, as the `config` of a Vega or Vega-Lite specification."""
    ink, colours = _INKS[theme], palette(accent, theme)
    text = {"labelFont": _FONT, "titleFont": _FONT, "labelColor": ink["soft"], "titleColor": ink["soft"]}
    return {
        "background": "transparent",
        "font": _FONT,
        "title": {
            "color": ink["ink"],
            "subtitleColor": ink["soft"],
            "font": _FONT,
            "subtitleFont": _FONT,
            "fontSize": 15,
            "fontWeight": 600,
            "anchor": "start",
            "offset": 12,
        },
        "axis": text
        | {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": ink["line"],
            "domainColor": ink["line"],
            "tickColor": ink["line"],
        },
        "legend": text | {"labelFontSize": 12, "titleFontSize": 12},
        "view": {"stroke": None},
        "mark": {"color": colours[0]},
        "bar": {"color": colours[0]},
        "range": {"category": list(colours), "heatmap": ramp(accent, theme), "ramp": ramp(accent, theme)},
    }


def bars_over_time(values: Sequence[Mapping[str, Any]], number: str, *, height: int, labels: int) -> dict[str, Any]:
    """A Vega-Lite specification of one bar for each `date` of these values, as high as what is in the field `number`.

    The dates stand in the order of the values; about so many `labels` of them are written below.
    """
    dates = list(dict.fromkeys(str(value["date"]) for value in values))
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": values},
        "mark": {"type": "bar", "width": _WIDEST_BAR} if len(dates) < _FEW_BARS else {"type": "bar"},
        "encoding": {
            "x": {
                "field": "date",
                "type": "ordinal",
                "sort": None,
                "title": None,
                "axis": {
                    "labelAngle": 0,
                    "labelOverlap": "greedy",
                    "values": dates[:: -(-len(dates) // labels) or 1],
                    "ticks": False,
                    "labelPadding": 8,
                },
            },
            "y": {
                "field": number,
                "type": "quantitative",
                "title": None,
                "axis": {"domain": False, "ticks": False, "format": ",d", "tickCount": 4, "tickMinStep": 1},
            },
        },
    }


def styled(spec: Mapping[str, Any], theme: str = "light", accent: str = "red") -> dict[str, Any]:
    """A specification with our look under what it says itself, ready for a picture or for a page.

    :raises UserError: when there is no such theme, or this is no Vega or Vega-Lite specification
    """
    if theme not in _INKS:
        raise UserError(
            say("There is no theme called {theme}. Choose from: {choices}.", theme=theme, choices=", ".join(_INKS))
        )
    is_lite = _is_lite(spec)
    chart = copy.deepcopy(dict(spec))
    look = config(theme, accent)
    if not is_lite:
        look.pop("font")
        look.pop("view")
    chart["config"] = _under(chart.get("config") or {}, look)
    return chart


def translated(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A specification whose titles are in the reader's language, where they are ours."""
    chart = copy.deepcopy(dict(spec))
    for part in _parts_with_titles(chart):
        part["title"] = told(part["title"])
    return chart


def _parts_with_titles(part: Any) -> Iterator[dict[str, Any]]:
    """Whatever in a specification has a title: the chart itself, its axes, legends and what is shown at the pointer."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            yield part
        for name, value in part.items():
            if name not in ("data", "values", "config"):
                yield from _parts_with_titles(value)
    elif isinstance(part, list):
        for member in part:
            yield from _parts_with_titles(member)


def draw_svg(spec: Mapping[str, Any], theme: str = "light", accent: str = "red", width: int = WIDTH) -> str:
    """A chart as SVG with a transparent background.

    :raises UserError: when the specification cannot be drawn, with the reason
    """
    import vl_convert

    chart = _sized(styled(spec, theme, accent), width)
    draw = vl_convert.vegalite_to_svg if _is_lite(spec) else vl_convert.vega_to_svg
    return str(_drawn(draw, chart))


def draw_png(spec: Mapping[str, Any], scale: float = 2, theme: str = "light", accent: str = "red") -> bytes:
    """A chart as PNG on the theme's paper; `scale` 2 has two pixels for each unit of the chart.

    :raises UserError: when the specification cannot be drawn, with the reason
    """
    import vl_convert

    chart = _sized(styled(spec, theme, accent), WIDTH)
    chart["background"] = _INKS[theme]["paper"]
    draw = vl_convert.vegalite_to_png if _is_lite(spec) else vl_convert.vega_to_png
    return bytes(_drawn(draw, chart, scale=scale))


def values_of(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The values that a chart draws, row by row, without what is no plain value."""
    data = spec.get("data")
    sets = data if isinstance(data, list) else [data]
    held = (part.get("values") for part in sets if isinstance(part, Mapping))
    rows = next((values for values in held if isinstance(values, list)), [])
    plain = (str, int, float, bool, type(None))
    return [
        {name: value for name, value in row.items() if isinstance(value, plain)}
        for row in rows
        if isinstance(row, Mapping)
    ]


def _refuse_addresses(part: Any) -> None:
    """Refuse a specification that names data or pictures by address: it would be fetched by the server.

    Addresses that hold the content themselves (`data:`) are let through.
    """
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "url" and not str(value).startswith("data:"):
                raise UserError(say("A chart must hold its data itself; this one names an address to fetch it from."))
            if name != "values":
                _refuse_addresses(value)
    elif isinstance(part, list):
        for member in part:
            _refuse_addresses(member)


def _drawn(draw: Callable[..., Any], chart: dict[str, Any], **options: Any) -> Any:
    """Call the drawing library with no address allowed for data."""
    _refuse_addresses({name: value for name, value in chart.items() if name != "$schema"})
    try:
        return draw(chart, allowed_base_urls=[], **options)
    except (ValueError, TypeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(say("This chart cannot be drawn: {reason}", reason=reason)) from error


def _is_lite(spec: Mapping[str, Any]) -> bool:
    schema = str(spec.get("$schema", ""))
    if "/schema/vega-lite/" in schema:
        return True
    if "/schema/vega/" in schema:
        return False
    raise UserError(say("This is not a chart: its $schema names neither Vega-Lite nor Vega."))


def _sized(chart: dict[str, Any], width: int) -> dict[str, Any]:
    """A chart that fills its container, with a width of its own."""
    if chart.get("width") == "container":
        chart["width"] = width
    if chart.get("height") == "container":
        chart["height"] = width * 9 // 16
    return chart


def _under(own: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Both together, level by level; what is said in `own` wins."""
    joined = dict(ours)
    for name, value in own.items():
        below = joined.get(name)
        joined[name] = _under(value, below) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return joined
