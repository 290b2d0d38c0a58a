"""What several machines have in common: the clock of the database, and what one that fails does to the others."""

from __future__ import annotations

import time

import pytest

from app.domain.errors import Unavailable
from app.domain.setting import restart_asked
from app.domain.user import User
from app.runner.heart import Heart
from app.runner.manager import Manager
from app.services.context import Context
from app.services.machine import restart_workers


@pytest.mark.parametrize("ahead", [-5_000.0, 0.0, 5_000.0])
def test_managers_that_were_there_before_end_whatever_their_clock_says(
    ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    now = time.time
    monkeypatch.setattr("app.runner.manager.time.time", lambda: now() + ahead)
    before = Manager(ctx)
    time.sleep(0.1)
    restart_workers(ctx, admin)
    time.sleep(0.1)
    after = Manager(ctx)
    asked = restart_asked(ctx.site_settings())
    assert [manager._is_older_than(asked) for manager in (before, after)] == [True, False]


def test_a_database_that_takes_no_writing_is_away(ctx: Context) -> None:
    with pytest.raises(Unavailable), ctx.database.transaction() as tx:
        tx.run("SET TRANSACTION READ ONLY")
        tx.run("DELETE FROM settings")


def test_who_stands_still_in_a_transaction_does_not_hold_up_others_for_ever(ctx: Context) -> None:
    shown = "SHOW idle_in_transaction_session_timeout"
    with ctx.database.transaction() as tx:
        assert tx.one(shown) == {"idle_in_transaction_session_timeout": "1min"}
        next(tx.stream("SELECT generate_series(1, 10) AS n", size=2))
        assert tx.one(shown) == {"idle_in_transaction_session_timeout": "1h"}
        assert tx.one("SHOW lock_timeout") == {"lock_timeout": "10s"}


def test_a_lease_runs_out_while_the_machine_is_suspended(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    with ctx.database.transaction() as tx:
        heart = Heart(ctx, ctx.queue.enqueue(tx, "misbehave", "a"))
    clock = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda which: clock(which) + 3600 * (which == time.CLOCK_BOOTTIME))
    assert heart.silent_for > ctx.settings.dead_after_seconds
