"""The preset that counts posts and draws the counts."""

from __future__ import annotations

from app.plugins.options import specs
from app.plugins.processor import fill_in
from app.plugins.validation import load
from processors.metrics.count_posts import CountPosts
from processors.presets.preset_histogram import PresetHistogram
from processors.visual.histogram import Histogram


def test_it_offers_exactly_the_options_of_its_first_step() -> None:
    assert specs(PresetHistogram.Options) == specs(CountPosts.Options)


def test_its_options_reach_the_steps() -> None:
    options = load(PresetHistogram.Options, {"timeframe": "day", "pad": False}, ["timestamp"])
    first = PresetHistogram.steps[0]
    given = fill_in(first.options, options)
    assert given == {"column": "timestamp", "timeframe": "day", "pad": False}
    assert load(CountPosts.Options, given, ["timestamp"]) == CountPosts.Options(**given)


def test_its_result_is_the_chart() -> None:
    (count,) = PresetHistogram.steps
    (draw,) = count.then
    assert (count.type, draw.type) == (CountPosts.type, Histogram.type)
    assert draw.result
    assert not count.result
