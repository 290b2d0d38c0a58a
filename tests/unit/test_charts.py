"""Pictures of charts."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from app.domain.errors import UserError
from app.services.charts import WIDTH, draw_png, draw_svg, styled, values_of

LITE: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "width": "container",
    "height": 100,
    "data": {"values": [{"a": "x", "b": 1}, {"a": "y", "b": 2}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
}
VEGA: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega/v6.json",
    "width": 60,
    "height": 40,
    "marks": [{"type": "text", "encode": {"enter": {"text": {"value": "tea"}, "x": {"value": 9}, "y": {"value": 20}}}}],
}


@pytest.mark.parametrize(("spec", "holds"), [(LITE, 'aria-roledescription="bar"'), (VEGA, ">tea</text>")])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_languages_become_svg(spec: dict[str, Any], holds: str, theme: str) -> None:
    picture = draw_svg(spec, theme)
    assert picture.startswith("<svg")
    assert holds in picture


def test_a_chart_that_fills_its_container_gets_a_width() -> None:
    assert draw_svg(LITE).count(f'd="M0,0h{WIDTH}') > 0 or f'width="{WIDTH}' in draw_svg(LITE)


def test_the_values_of_a_chart_are_plain() -> None:
    assert values_of(LITE) == [{"a": "x", "b": 1}, {"a": "y", "b": 2}]
    words = {"data": [{"name": "empty"}, {"name": "words", "values": [{"text": "tea", "place": [1, 2]}, 7]}]}
    assert values_of(words) == [{"text": "tea"}]
    assert values_of({"data": {"url": "https://example.org"}}) == []


def test_png_has_the_pixels_of_its_scale() -> None:
    one, two = (struct.unpack(">II", draw_png(VEGA, scale)[16:24]) for scale in (1, 2))
    assert two == (2 * one[0], 2 * one[1])


def test_themes_differ_and_leave_the_specification_alone() -> None:
    before = str(LITE)
    assert draw_svg(LITE, "light") != draw_svg(LITE, "dark")
    assert str(LITE) == before


def test_what_a_chart_says_itself_wins_over_our_look() -> None:
    look = styled(LITE | {"config": {"axis": {"gridColor": "#123456"}}})["config"]
    assert look["axis"]["gridColor"] == "#123456"
    assert look["axis"]["labelFontSize"] == 12


@pytest.mark.parametrize(
    "url", ["https://example.org/x.json", "http://localhost:9/x.csv", "file:///etc/hostname", "/etc/hostname", "x.csv"]
)
def test_a_chart_cannot_fetch_data(url: str) -> None:
    with pytest.raises(UserError, match="must hold its data"):
        draw_svg(LITE | {"data": {"url": url}})


def test_a_chart_cannot_fetch_pictures() -> None:
    mark = {"type": "image", "encode": {"enter": {"url": {"value": "/etc/logo.png"}, "width": {"value": 9}}}}
    with pytest.raises(UserError, match="must hold its data"):
        draw_png(VEGA | {"marks": [mark]})


@pytest.mark.parametrize(
    ("spec", "theme", "said"),
    [
        ({"mark": "bar"}, "light", r"\$schema"),
        (LITE, "pink", "no theme called pink"),
        (LITE | {"mark": "nonsense"}, "light", "cannot be drawn"),
        (VEGA | {"signals": [{"name": "a", "init": "("}]}, "light", "cannot be drawn"),
    ],
)
def test_what_cannot_be_drawn_is_said(spec: dict[str, Any], theme: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        draw_svg(spec, theme)
