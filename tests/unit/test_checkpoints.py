"""Checkpoints may be made often; things are brought home now and then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.runner.context import QuarantineRun
from app.runner.report import RowCount
from tests.unit.test_parts import Home, pq_batch


def test_they_may_be_made_often_and_store_nothing_at_once(tmp_path: Path) -> None:
    run, reader = Home(tmp_path).run(QuarantineRun)
    for number in range(100):
        run.parts.add(pq_batch(1))
        run.checkpoint({"next": number})
    assert list(reader.messages()) == []


def test_they_store_at_once_when_the_machine_is_about_to_stop(tmp_path: Path) -> None:
    run, reader = Home(tmp_path).run(QuarantineRun)
    run.parts.add(pq_batch(3))
    run.hurry()
    for number in range(100):
        run.checkpoint({"next": number})
    (kind, value), *more = reader.messages()
    assert (kind, value["rows"], value["state"], more) == ("checkpoint", 3, {"next": 0}, [])


@pytest.mark.parametrize("state", [{"seen": {1, 2}}, {"at": object()}])
def test_a_state_that_cannot_be_kept_is_refused_always(tmp_path: Path, state: dict[str, Any]) -> None:
    run, _ = Home(tmp_path).run(QuarantineRun)
    with pytest.raises(TypeError, match="not JSON serializable"):
        run.checkpoint(state)


def test_who_began_from_the_start_cannot_start_over(tmp_path: Path) -> None:
    run, _ = Home(tmp_path).run(QuarantineRun)
    with pytest.raises(RuntimeError, match="from the start"):
        run.start_over("the cursor has expired")


def test_how_many_rows_there_are_is_said_now_and_then(tmp_path: Path) -> None:
    run, reader = Home(tmp_path).run(QuarantineRun)
    count = RowCount(run._reporter)
    for rows in range(1, 1_000):
        count(rows)
    (kind, first), *more = reader.messages()
    assert (kind, first) == ("rows", 1)
    assert len(more) < 50
