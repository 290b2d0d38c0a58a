"""What waits, in words: its place, when it starts, and how often its page asks again."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.user import User
from app.local.progress import Board
from app.services.outlook import Outlook
from app.web.waiting import poll_seconds, wait_heading, wait_line
from tests.results import new_dataset


def after(seconds: float) -> datetime:
    """A moment that far from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds + 0.2)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-60, "in a moment"),
        (4, "in a moment"),
        (8, "in about 10 seconds"),
        (32, "in about 30 seconds"),
        (70, "in about a minute"),
        (120, "in about 2 minutes"),
        (4_000, "in about 67 minutes"),
        (8_000, "in about 2 hours"),
        (400_000, "in about 5 days"),
    ],
)
def test_when_it_starts_is_said_roughly(seconds: float, said: str) -> None:
    assert wait_line(Outlook("2 of 2 places are taken.", 3, expected_start=after(seconds))) == (
        f"3rd in the queue, starts {said}"
    )


def test_the_line_of_a_row_says_the_place_or_the_reason() -> None:
    assert wait_line(Outlook("Starts in a moment.")) == "Starts in a moment."
    assert wait_line(Outlook("Waits for “Tea” to finish.")) == "Waits for “Tea” to finish."
    assert wait_line(Outlook("No machine.", 1)) == "Next in the queue"
    assert wait_line(Outlook("Many.", 10_000, is_capped=True)) == "More than 10,000 before it in the queue"


def test_the_heading_of_a_page_does_not_repeat_the_reason() -> None:
    assert wait_heading(Outlook("Waits for “Tea” to finish.")) == "Waiting to start"
    again = Outlook("Tries again at 10:00:00 UTC: It is busy.", expected_start=after(30))
    assert wait_heading(again) == "Starts in about 30 seconds"
    assert wait_heading(Outlook("No machine.", 2)) == "2nd in the queue"


def test_pages_whose_start_is_far_away_ask_less_often() -> None:
    assert poll_seconds(None) == 1
    assert poll_seconds(Outlook("Soon.", 1)) == 1
    assert poll_seconds(Outlook("Soon.", 1, expected_start=after(30))) == 1
    assert poll_seconds(Outlook("Later.", 9, expected_start=after(300))) == 5
    assert poll_seconds(Outlook("Later.", 10_000, is_capped=True)) == 5


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_the_command_line_says_what_it_waits_for(user: User) -> None:
    dataset = new_dataset(user, label="Tea")
    wait = Outlook("2 of 2 places are taken.", 3, expected_start=datetime(2026, 1, 2, 3, 4, 5).astimezone())
    terminal, pipe = Terminal(), io.StringIO()
    Board(terminal).show([dataset], {}, {dataset.key: wait})
    Board(pipe).show([dataset], {}, {dataset.key: wait})
    assert "No. 3. Expected at 03:04:05. 2 of 2 places are taken." in terminal.getvalue()
    assert pipe.getvalue() == ""


def test_where_there_is_no_terminal_a_long_wait_is_told_once(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.local.progress._LONG_WAIT", -1.0)
    dataset = new_dataset(user, label="Tea")
    pipe = io.StringIO()
    board = Board(pipe)
    for place in (3, 2):
        board.show([dataset], {}, {dataset.key: Outlook("No machine takes work of this type.", place)})
    assert pipe.getvalue().count("\n") == 1
    assert "No. 3. No machine takes work of this type." in pipe.getvalue()
