"""The doctor's look at the machinery: the machines that take work, and what waits for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from app.local.finding import Finding
from app.services.context import Context
from app.services.status import find_managers
from app.services.status import queues as list_queues

_OFF_SECONDS = 20.0
"""A manager says every few seconds what time it has; what is older or newer than this by much comes of its clock."""


def look_at_workers(ctx: Context, *, is_running: bool) -> list[Finding]:
    """Whether machines take work, all of the same version and with clocks that agree."""
    managers = ctx.bell.managers()
    if not managers:
        advice = "Start them: ./4cat start, or the Procfile's worker."
        return [Finding("FAIL" if is_running else "warn", "workers", "nobody takes work", advice)]
    found = [Finding("ok", "workers", f"{len(managers)} machine(s) take work: {', '.join(managers)}")]
    versions = sorted({str(facts["version"]) for facts in managers.values()})
    if len(versions) > 1:
        which = ", ".join(f"{name} {facts['version']}" for name, facts in managers.items())
        advice = "Deploy the same version to all of them, and restart their workers."
        found.append(Finding("warn", "workers", f"machines differ: {which}", advice))
    return [*found, *_clocks(managers)]


def _clocks(managers: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    now = time.time()
    off = {name: now - facts["signed"] for name, facts in managers.items() if "signed" in facts}
    wrong = [f"{name} by about {-age:+.0f} s" for name, age in off.items() if not -2 < age < _OFF_SECONDS]
    if not wrong:
        return []
    advice = "Let all machines keep time by NTP."
    return [Finding("warn", "clock", f"not the time of this machine: {', '.join(wrong)}", advice)]


def look_at_queue(ctx: Context) -> list[Finding]:
    """Whether what waits is taken."""
    queues = list_queues(ctx, find_managers(ctx))
    waiting = sum(queue["waiting"] + queue["rung"] for queue in queues)
    running = sum(queue["running"] for queue in queues)
    failed = sum(queue["failed"] for queue in queues)
    said = f"{waiting} waiting, {running} running, {failed} failed"
    faults = [
        Finding(
            "FAIL",
            "queue",
            f"work waits and nobody takes it: {fault['jobs']} of type {fault['type']},"
            f" the oldest for {fault['seconds']:.0f} s; {fault['reason']}",
            fault["advice"],
        )
        for fault in (queue["unclaimed"] for queue in queues)
        if fault
    ]
    if faults:
        return faults
    if failed:
        return [Finding("warn", "queue", said, "The control panel says why, and runs them again.")]
    return [Finding("ok", "queue", said)]
