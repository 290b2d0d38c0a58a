"""What a waiting dataset waits for: its place in the queue, why it has not started, and when it may.

Many pages ask for this every second. What is the same for all jobs of a type is therefore asked of the servers at most
once every two seconds in each process, and the order of the first 10,000 jobs is part of it. What remains is one query
for all datasets of a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import redis

from app.domain.dataset import Dataset, Status
from app.domain.setting import places_of
from app.domain.texts import declared, say, say_many
from app.plugins.processor import Preset
from app.services.context import Context
from app.storage import job as jobs
from app.storage import overview
from app.storage.database import Database, Row

MOST = 10_000
"""How far places in a queue are counted."""

_FRESH = 2.0
_FORGET = 60.0
_STARTS = say("Starts in a moment.")
_STEPS = say("Its steps are under way.")
_NOBODY = say("No machine takes work of this type at the moment.")
_OFF = say("Work of this type is switched off by an administrator.")
_NO_REDIS = say("Redis, which hands out the work, does not answer at the moment.")


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Outlook:
    """Why a dataset waits, in a sentence, and what can be said about its start.

    `position` is its place in the queue, 1 being next, and None when it is not in line; with `is_capped` it is further
    back than that. `expected_start` is None when nothing is known about it.
    """

    reason: str
    position: int | None = None
    is_capped: bool = False
    expected_start: datetime | None = None


@dataclass(frozen=True)
class Line:
    """The queue of one type at a moment: who is in line and at which place, and what the places are taken by.

    `usual` is how many seconds a job takes, None when none has ended yet; `is_served` whether a machine takes such
    work, None while Redis does not answer. Jobs with numbers beyond `newest` have come since.
    """

    limit: int
    places: dict[int, int]
    newest: int
    running: list[float]
    usual: float | None
    is_served: bool | None


def outlook(ctx: Context, dataset: Dataset) -> Outlook | None:
    """What one dataset waits for; None when it does not wait."""
    return outlooks(ctx, [dataset]).get(dataset.key)


def outlooks(ctx: Context, found: Sequence[Dataset]) -> dict[str, Outlook]:
    """What those of some datasets that wait do so for, by key."""
    waiting = [dataset for dataset in found if dataset.status is Status.WAITING]
    queued = overview.waiting_jobs(ctx.database, [dataset.key for dataset in waiting])
    return {dataset.key: _outlook(ctx, dataset, queued.get(dataset.key)) for dataset in waiting}


def _outlook(ctx: Context, dataset: Dataset, job: Row | None) -> Outlook:
    if job is None:
        analysis = ctx.registry.processors.get(dataset.type)
        return Outlook(_STEPS if analysis is not None and issubclass(analysis, Preset) else _STARTS)
    if job["blocked_by"] is not None:
        return Outlook(say("Waits for “{value}” to finish.", value=job["source"] or job["blocked_by"]))
    line = _fresh(ctx, f"line {job['type']}", lambda: _line(ctx, job["type"]))
    if job["state"] == "waiting" and not job["is_due"]:
        return Outlook(_delayed(job["claim_after"], dataset.message), expected_start=job["claim_after"])
    position = _position(ctx, line, job["id"]) if job["state"] == "waiting" else None
    return _in_line(line, position)


def ahead(ctx: Context, type_: str) -> str:
    """What work of a type would wait for if it were asked for now, as a sentence."""
    line = _fresh(ctx, f"line {type_}", lambda: _line(ctx, type_))
    return _in_line(line, len(line.places) + 1).reason


def _line(ctx: Context, type_: str) -> Line:
    plugin = ctx.registry.queues().get(type_)
    site = _fresh(ctx, "site settings", ctx.site_settings)
    served = _fresh(ctx, "types served", lambda: _types_served(ctx))
    with ctx.database.transaction() as tx:
        newest = overview.newest_job(tx)
        first = overview.first_in_line(tx, type_, MOST)
        running = overview.running_for(tx, type_)
        usual = overview.usual_seconds(tx, type_)
    return Line(
        limit=places_of(site, type_, plugin.max_workers if plugin else 1),
        places={job_id: place for place, job_id in enumerate(first, start=1)},
        newest=newest,
        running=running,
        usual=usual,
        is_served=None if served is None else type_ in served,
    )


def _types_served(ctx: Context) -> frozenset[str] | None:
    """The types of work that some machine takes; None while Redis does not answer."""
    try:
        return frozenset(type_ for facts in ctx.bell.managers().values() for type_ in facts["queues"])
    except redis.RedisError:
        return None


def _obstacle(line: Line) -> str | None:
    """What stands in the way of all jobs of a type."""
    if line.limit < 1:
        return _OFF
    if line.is_served is None:
        return _NO_REDIS
    return None if line.is_served else _NOBODY


def _delayed(moment: datetime, message: str) -> str:
    """When it is tried again, and what went wrong before."""
    said, time_ = message.strip(), f"{moment.astimezone(UTC):%H:%M:%S} UTC"
    if not said:
        return say("Tries again at {time}.", time=time_)
    return say("Tries again at {time}: {reason}", time=time_, reason=declared(said))


def _position(ctx: Context, line: Line, job_id: int) -> int | None:
    """A job's place; one that has come into the line since is looked up by itself."""
    if job_id in line.places:
        return line.places[job_id]
    if len(line.places) == MOST and job_id <= line.newest:
        return MOST + 1
    found = jobs.find(ctx.database, job_id)
    return ctx.queue.position(found) if found is not None else None


def _in_line(line: Line, position: int | None) -> Outlook:
    """The outlook of a job at this place; None is one that has been given out already."""
    obstacle = _obstacle(line)
    if position is None:
        return Outlook(obstacle or _STARTS)
    is_capped = position > MOST
    position = min(position, MOST)
    if obstacle is not None:
        return Outlook(obstacle, position, is_capped)
    taken = len(line.running)
    before = say("more than {most:,} jobs are before it.", most=MOST) if is_capped else _are_before(position - 1)
    places = say_many("{n} of {all:,} places is taken", "{n} of {all:,} places are taken", taken, all=line.limit)
    reason = say("{places} and {jobs}", places=places, jobs=before)
    start = None if is_capped else _start(line, position)
    return Outlook(_STARTS if position <= line.limit - taken else reason, position, is_capped, start)


def _are_before(count: int) -> str:
    if count == 0:
        return say("no job is before it.")
    return say_many("{n} job is before it.", "{n} jobs are before it.", count)


def _start(line: Line, position: int) -> datetime | None:
    """When a job at this place may start, if those before it take as long as such jobs have lately taken.

    What runs longer than that already is expected to run for as long as it is over its time.
    """
    if line.usual is None:
        return None
    usual = max(line.usual, 0.01)
    left = sorted(abs(usual - ran) for ran in line.running)
    ends = ([0.0] * (line.limit - len(left)) + left)[-line.limit :]
    soonest, latest = 0.0, ends[0] + position * usual
    while latest - soonest > 0.5:
        middle = (soonest + latest) / 2
        begun = sum(int((middle - end) / usual) + 1 for end in ends if end <= middle)
        soonest, latest = (soonest, middle) if begun >= position else (middle, latest)
    return datetime.now(UTC) + timedelta(seconds=latest)


_remembered: WeakKeyDictionary[Database, dict[str, tuple[float, Any]]] = WeakKeyDictionary()


def _fresh(ctx: Context, what: str, ask: Callable[[], Answer]) -> Answer:
    """The answer to a question about an installation, asked anew when it is older than two seconds.

    While one thread asks, the others go on with the answer before. What nobody asks for any more is forgotten.
    """
    known = _remembered.setdefault(ctx.database, {})
    found = known.get(what)
    now = time.monotonic()
    if found is not None:
        since, answer = found
        if now - since < _FRESH:
            return answer  # type: ignore[no-any-return]
        known[what] = (now, answer)
    for old in [name for name, (since, _) in list(known.items()) if now - since > _FORGET]:
        known.pop(old, None)
    answer = ask()
    known[what] = (time.monotonic(), answer)
    return answer
