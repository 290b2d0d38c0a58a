"""What the installation calls itself when it asks web servers fits into a header, whatever its name."""

from __future__ import annotations

import pytest

from app import __version__
from app.runner.user_agent import in_ascii, user_agent


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("4CAT", "4CAT"),
        ("Łódź", "Lodz"),
        ("Lab – “Straße” Ærø ı", "Lab - 'Strasse' AEro i"),
        ("Привет", "%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82"),
        ("茶 lab", "%E8%8C%B6 lab"),
        ("two\r\nX-Other: lines\u00a0", "two X-Other: lines"),
        ("\x00\ud800", "%00%3F"),
        ("", "4CAT"),
    ],
)
def test_a_name_in_ascii(name: str, shown: str) -> None:
    assert in_ascii(name) == shown


def test_the_address_is_named_where_it_is_known() -> None:
    assert user_agent("Lab") == f"Lab (4CAT {__version__}, research tool)"
    assert (
        user_agent("Lab", "https://4cat.example:8/x")
        == f"Lab (4CAT {__version__}, research tool; +https://4cat.example:8/x)"
    )
    assert user_agent("Lab", "https://łódź.example/").isascii()
