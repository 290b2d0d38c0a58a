"""The colours of charts and networks: the accent first, all readable, all told from each other."""

from __future__ import annotations

from itertools import combinations
from math import dist

import pytest

from app.services.charts import styled
from app.services.palette import _DEUTAN, _PROTAN, ACCENTS, GROUNDS, SIZE, _seen, contrast, palette, ramp
from tests.unit.test_charts import LITE

LOOKS = [(accent, theme) for accent in ACCENTS for theme in GROUNDS]
TOLD_APART = 0.06
"""How far two colours must be in OKLab; 0.02 is about the least that people see side by side."""


@pytest.mark.parametrize(("accent", "theme"), LOOKS)
def test_every_palette_begins_with_the_accent_and_can_be_read_and_told_apart(accent: str, theme: str) -> None:
    colours = palette(accent, theme)
    assert (len(colours), len(set(colours))) == (SIZE, SIZE)
    assert colours[0] == ACCENTS[accent][theme == "dark"]
    assert min(contrast(colour, ground) for colour in colours for ground in GROUNDS[theme]) >= 4.5
    assert min(dist(_seen(a, None), _seen(b, None)) for a, b in combinations(colours, 2)) >= TOLD_APART


@pytest.mark.parametrize("way", [_PROTAN, _DEUTAN], ids=["without red cones", "without green cones"])
@pytest.mark.parametrize(("accent", "theme"), LOOKS)
def test_colours_are_told_apart_by_people_with_colour_blindness(accent: str, theme: str, way: object) -> None:
    for one, other in combinations(palette(accent, theme), 2):
        assert dist(_seen(one, way), _seen(other, way)) >= 0.04  # type: ignore[arg-type]


def test_black_and_white_differ_the_most() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("accent", "theme"), LOOKS)
def test_a_ramp_goes_from_near_the_paper_to_the_accent(accent: str, theme: str) -> None:
    faint, full = ramp(accent, theme)
    assert full == palette(accent, theme)[0]
    assert contrast(faint, GROUNDS[theme][0]) < 2.5 < contrast(full, faint)


def test_charts_are_drawn_in_the_accent() -> None:
    look = styled(LITE, "dark", "teal")["config"]
    assert look["bar"]["color"] == "#5fcdd8"
    assert look["range"]["category"][0] == "#5fcdd8"
