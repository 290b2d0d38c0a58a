"""Servers are asked one request after the other, whoever asks, and left alone when they refuse."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from app.domain.errors import SourceError
from app.domain.job import Job, JobState
from app.runner import entry
from app.runner.attempt import _guarded
from app.runner.conclude import conclude
from app.runner.polite_web import PoliteWeb, _retry_after
from app.runner.watch import Watched
from app.services.context import Context
from app.storage import job as jobs
from app.storage import web_host
from app.storage.database import Database
from app.storage.web_host import Turn
from extras.living_board import LivingBoard, rules_for
from tests.conftest import wait_for

PACE = 0.2
INDEX = "/po/threads.json"


@pytest.fixture(scope="module")
def site() -> Iterator[LivingBoard]:
    with LivingBoard(7, [rules_for("po", pages=1)], history_hours=1) as running:
        yield running


@pytest.fixture(autouse=True)
def _calm(site: LivingBoard) -> None:
    site.recover()
    site.traffic.forget()


@pytest.fixture
def web(ctx: Context) -> PoliteWeb:
    return PoliteWeb(ctx.database, "Test site", timeout=5)


def host_of(site: LivingBoard) -> str:
    return site.url.removeprefix("http://")


def turn(db: Database, host: str, pace: float = 1.0) -> Turn:
    found = web_host.take_turn(db, host, pace, 60)
    assert found is not None
    return found


def test_requests_of_many_workers_come_one_after_the_other(ctx: Context, site: LivingBoard) -> None:
    def ask(_: int) -> int:
        database = Database(ctx.database.url, size=1)
        try:
            return PoliteWeb(database, "Test site").get(site.url + INDEX, pace=PACE).status
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(ask, range(12))) == {200}
    requests = site.traffic.requests()
    assert len(requests) == 12
    # The turns lie a pace apart; how long a request takes to arrive differs, so a window may hold one more.
    assert site.traffic.busiest(5 * PACE) <= 6
    assert requests[-1].at - requests[0].at >= 10 * PACE


def test_the_turns_of_a_host_lie_a_pace_apart_and_hosts_do_not_wait_for_each_other(ctx: Context) -> None:
    turns = [turn(ctx.database, "a.example").at for _ in range(5)]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(turns)]
    assert gaps == pytest.approx([1.0] * 4, abs=0.001)
    assert turn(ctx.database, "b.example").wait < 0.5


def test_turns_taken_at_once_are_different(ctx: Context) -> None:
    taken: list[Turn] = []
    threads = [threading.Thread(target=lambda: taken.append(turn(ctx.database, "a.example"))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    moments = sorted(one.at for one in taken)
    assert all((b - a).total_seconds() >= 0.999 for a, b in pairwise(moments))


@pytest.mark.parametrize("what", ["free_at", "rests_until"])
def test_a_clock_that_is_set_back_does_not_let_a_host_rest_until_it_has_caught_up(ctx: Context, what: str) -> None:
    turn(ctx.database, "a.example")
    ctx.database.run(f"UPDATE web_hosts SET {what} = now() + interval '1 day'")
    assert not web_host.is_resting(ctx.database, "a.example")
    assert web_host.wait_for_turn(ctx.database, "a.example") < 5
    assert turn(ctx.database, "a.example").wait < 5
    taken = turn(ctx.database, "a.example")
    assert web_host.back_off(ctx.database, "a.example", taken, 5, 900) < 20


def test_a_turn_that_is_far_off_is_not_taken(ctx: Context) -> None:
    for _ in range(6):
        turn(ctx.database, "a.example", pace=10)
    before = web_host.wait_for_turn(ctx.database, "a.example")
    assert web_host.take_turn(ctx.database, "a.example", 10, 30) is None
    assert web_host.wait_for_turn(ctx.database, "a.example") == pytest.approx(before, abs=5)


@pytest.mark.parametrize("status", [429, 500, 501, 502, 503, 504, 520, 522, 525, 530, 599])
def test_a_server_that_is_busy_is_left_alone_as_long_as_it_says(web: PoliteWeb, site: LivingBoard, status: int) -> None:
    site.fail(status=status, retry_after=100)
    with pytest.raises(SourceError) as first:
        web.get(site.url + INDEX, pace=0.01)
    with pytest.raises(SourceError, match="left alone") as second:
        web.get(site.url + INDEX, pace=0.01)
    for caught in (first, second):
        assert caught.value.retry_after == pytest.approx(100, abs=30)
        assert not caught.value.permanent
    assert len(site.traffic.requests()) == 1


def test_who_is_told_to_leave_a_host_alone_has_made_no_attempt(ctx: Context, web: PoliteWeb, site: LivingBoard) -> None:
    with ctx.database.transaction() as tx:
        job = ctx.queue.enqueue(tx, "fourchan-image", "an image", max_attempts=1)
        every = ctx.queue.enqueue(tx, "fourchan-board", "po", interval=60, max_attempts=1)

    def attempt(job_id: int) -> Job:
        ctx.database.run("UPDATE jobs SET state = 'rung', claim_after = now() WHERE id = %(id)s", id=job_id)
        task = entry._claim(ctx, job_id)
        assert task is not None
        conclude(ctx, task, Watched(outcome=_guarded(lambda: web.get(site.url + INDEX, pace=0.01))))  # type: ignore[arg-type,return-value]
        found = jobs.find(ctx.database, job_id)
        assert found is not None
        return found

    web_host.back_off(ctx.database, host_of(site), turn(ctx.database, host_of(site), 0.01), 100, 900)
    for _ in range(3):
        waits = attempt(job.id)
        assert (waits.state, waits.attempts) == (JobState.WAITING, 0)
        assert waits.claim_after is not None
        assert (waits.claim_after - datetime.now(UTC)).total_seconds() == pytest.approx(100, abs=30)
    assert "left alone" in (attempt(every.id).error or "")
    ctx.database.run("UPDATE web_hosts SET rests_until = '-infinity'")
    site.fail(status=503)
    assert attempt(job.id).state == JobState.FAILED


def test_without_a_word_the_rest_doubles_until_it_answers(ctx: Context) -> None:
    db, rests = ctx.database, []
    for _ in range(4):
        db.run("UPDATE web_hosts SET rests_until = '-infinity'")
        rests.append(web_host.back_off(db, "a.example", turn(db, "a.example", 0.0), 5, 900))
    assert rests == pytest.approx([5, 10, 20, 40], abs=0.5)
    web_host.answered(db, "a.example")
    db.run("UPDATE web_hosts SET rests_until = '-infinity'")
    assert web_host.back_off(db, "a.example", turn(db, "a.example", 0.0), 5, 900) == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize(
    ("said", "rests"), [(0, [50, 100, 200]), (3, [50, 100]), (80, [80, 160, 320]), (1000, [1000, 1000])]
)
def test_what_it_says_is_the_least_of_a_rest_that_doubles(
    ctx: Context, site: LivingBoard, said: int, rests: list[int]
) -> None:
    for expected in rests:
        ctx.database.run("UPDATE web_hosts SET rests_until = '-infinity', free_at = now()")
        site.fail(status=503, retry_after=said)
        with pytest.raises(SourceError) as caught:
            PoliteWeb(ctx.database, "Test site").get(site.url + INDEX, pace=10)
        assert caught.value.retry_after == pytest.approx(expected, abs=5)


@pytest.mark.parametrize(
    ("said", "seconds"), [("0", 0), ("120", 120), ("99999", 3600), ("-5", 0), ("soon", 0), ("²", 0), ("", 0)]
)
def test_how_long_it_says_is_read(said: str, seconds: int) -> None:
    assert _retry_after(said) == seconds


def test_requests_that_fail_together_count_as_one_refusal(ctx: Context) -> None:
    turns = [turn(ctx.database, "a.example", 0.0) for _ in range(10)]
    for one in turns:
        web_host.back_off(ctx.database, "a.example", one, 5, 900)
    row = ctx.database.one("SELECT refused FROM web_hosts")
    assert row["refused"] == 1
    assert web_host.wait_for_turn(ctx.database, "a.example") == pytest.approx(5, abs=3)


def test_whoever_waits_for_a_turn_does_not_ask_when_the_host_has_refused_meanwhile(
    ctx: Context, site: LivingBoard
) -> None:
    host = host_of(site)
    current = turn(ctx.database, host, 3)
    waiting = threading.Thread(target=lambda: suppressed(ctx, site))
    waiting.start()
    wait_for(lambda: ctx.database.one("SELECT asked FROM web_hosts")["asked"] == 2, "the other to take its turn")
    web_host.back_off(ctx.database, host, current, 60, 900)
    waiting.join(20)
    assert site.traffic.requests() == []


def suppressed(ctx: Context, site: LivingBoard) -> None:
    with suppress(SourceError):
        PoliteWeb(ctx.database, "Test site").get(site.url + INDEX, pace=3)


def test_a_server_that_hangs_is_given_up(ctx: Context, site: LivingBoard) -> None:
    site.fail(hang=6)
    began = time.monotonic()
    with pytest.raises(SourceError, match="does not answer") as caught:
        PoliteWeb(ctx.database, "Test site", timeout=0.3).get(site.url + INDEX, pace=0.1)
    assert time.monotonic() - began < 5.5
    assert caught.value.retry_after is not None


def test_what_is_too_large_is_not_read(web: PoliteWeb, site: LivingBoard) -> None:
    with pytest.raises(SourceError, match="more than 10 bytes") as caught:
        web.get(site.url + INDEX, pace=0.01, most_bytes=10)
    assert caught.value.permanent


def test_a_condition_is_passed_on_and_the_agent_names_the_installation(web: PoliteWeb, site: LivingBoard) -> None:
    first = web.get(site.url + INDEX, pace=0.01)
    headers = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
    assert web.get(site.url + INDEX, headers=headers, pace=0.01).status == 304
    assert web.get(f"{site.url}/po/thread/1.json", pace=0.01).status == 404
    assert all(request.user_agent == "Test site" for request in site.traffic.requests())
