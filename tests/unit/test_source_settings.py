"""What administrators set for data sources: read from what is stored, whatever has got there."""

from __future__ import annotations

import pytest

from app.plugins import settings_of, source_settings
from app.plugins.source_settings import SourceRule
from datasources._imageboard.settings import BoardSettings
from datasources.fourchan import FourChan
from datasources.lainchan import LainChan


def test_what_is_not_set_is_as_the_source_declares_it() -> None:
    own = source_settings(FourChan, {})
    assert (own.boards, own.autoscrape, own.interval, own.pace) == ("", False, 60, 1.0)
    assert (own.api_url, own.image_url) == ("https://a.4cdn.org", "https://i.4cdn.org")
    assert source_settings(LainChan, {}).interval == 300


def test_what_is_set_counts_and_only_for_its_source() -> None:
    site = {"fourchan.boards": "pol", "fourchan.interval": 5, "lainchan.boards": "λ", "boards": "x"}
    own = source_settings(FourChan, site)
    assert (own.boards, own.interval) == ("pol", 5)
    assert source_settings(LainChan, site).boards == "λ"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("interval", "soon"),
        ("interval", 0),
        ("interval", 1.5),
        ("interval", True),
        ("interval", None),
        ("interval", []),
        ("autoscrape", "perhaps"),
        ("autoscrape", 7),
        ("boards", 7),
        ("boards", "a:b"),
        ("boards", ["pol"]),
        ("api_url", "file:///etc/passwd"),
        ("pace", float("nan")),
        ("pace", float("inf")),
        ("pace", -1),
    ],
)
def test_a_stored_value_that_will_not_do_counts_as_unset(name: str, stored: object) -> None:
    own = settings_of("fourchan", FourChan.Settings, {f"fourchan.{name}": stored})
    assert getattr(own, name) == getattr(FourChan.Settings(), name)
    rule = SourceRule(FourChan.Settings, name)
    assert rule.read(stored) is None
    assert rule.complaint(stored).endswith(".")


@pytest.mark.parametrize(
    ("boards", "no_scrape", "expected"),
    [
        ("", "", {}),
        ("pol", "", {"pol": 60}),
        (" pol , g:300,λ ", "", {"pol": 60, "g": 300, "λ": 60}),
        ("pol\ng", "g", {"pol": 60}),
        ("pol,pol:5", "", {"pol": 5}),
    ],
)
def test_boards_and_their_intervals(boards: str, no_scrape: str, expected: dict[str, int]) -> None:
    assert BoardSettings(boards=boards, no_scrape=no_scrape).intervals() == expected
    assert SourceRule(BoardSettings, "boards").read(boards) == boards
