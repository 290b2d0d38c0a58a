"""The signature "work waits and nobody takes it": which queues show it, why, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.texts import say

LATE = 60.0
"""From when on it is a fault, in seconds, that a job which could start has not been started."""

Managers = Mapping[str, Mapping[str, Any]]
"""What the managers say of themselves, by name."""

_START = say("Start one: ./4cat start, or the Procfile's worker (python -m app.runner).")


@dataclass(frozen=True)
class Unclaimed:
    """A type of work of which `jobs` wait, the oldest for so many seconds, while nobody takes them."""

    type: str
    jobs: int
    seconds: float
    reason: str
    advice: str


def find_unclaimed(queues: Iterable[Mapping[str, Any]], managers: Managers | None) -> list[Unclaimed]:
    """The queues in which jobs wait for more than LATE seconds although they could be done at once.

    `queues` are those of `status.queues`; `managers` is None while Redis does not answer. A queue that is busy, or that
    an administrator has switched off, is none of them.
    """
    found = []
    for queue in queues:
        late = queue["late"] + queue["late_rung"]
        if not late or queue["max_workers"] < 1:
            continue
        cause = _cause(queue, managers)
        if cause is not None:
            found.append(Unclaimed(queue["type"], late, queue["oldest"] or LATE, *cause))
    return found


def _cause(queue: Mapping[str, Any], managers: Managers | None) -> tuple[str, str] | None:
    """Why nobody takes the jobs of a queue and how to mend it; None when its places are simply taken."""
    if managers is None:
        is_stuck = queue["late_rung"] or queue["running"] == 0
        return (say("Redis does not answer"), say("Start it, or correct REDIS_URL.")) if is_stuck else None
    serving = sorted(name for name, facts in managers.items() if queue["type"] in facts["queues"])
    if not serving:
        return _unserved(queue, sorted(managers))
    if queue["late_rung"]:
        how = say("Look at the workers' log, and restart them: ./4cat restart, or the Procfile's worker.")
        return say("{serving} should take it and does not", serving=", ".join(serving)), how
    if queue["rung"] + queue["running"] < queue["max_workers"]:
        how = say("Start the scheduler: ./4cat start, or the Procfile's scheduler (python scheduler.py).")
        return say("places are free and nobody gives them out"), how
    return None


def _unserved(queue: Mapping[str, Any], machines: list[str]) -> tuple[str, str]:
    type_ = queue["type"]
    if not queue["is_known"]:
        how = say("Add the package that does it to PLUGIN_PACKAGES and restart everything, or cancel what waits.")
        return say("no plug-in here does such work"), how
    if not machines:
        return say("no machine takes any work"), _START
    how = say(
        "Add {type} to a machine's WORKER_QUEUES, or leave that empty for all types, and restart its workers.",
        type=type_,
    )
    return say("of the machines that work ({machines}) none takes this type", machines=", ".join(machines)), how
