"""A job: one unit of work in the queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where an open job stands; a failed one is kept for its traceback and is no longer open."""

    WAITING = "waiting"
    RUNG = "rung"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True)
class Job:
    """One unit of work: a worker type and a remote id, unique among open jobs, with its claim.

    `token` is the fencing token of the claim: what an attempt publishes counts only while its token stands.
    `cancel_requested` says that it is to stop, or has not stopped yet. `away_since` is when a part that the work needs
    was first found away; `checkpoint` is what broken off attempts have brought home.
    """

    id: int
    type: str
    remote_id: str
    state: JobState
    owner: str
    details: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    blocked_by: str | None = None
    interval: int | None = None
    attempts: int = 0
    max_attempts: int = 3
    token: int | None = None
    queued: datetime | None = None
    claim_after: datetime | None = None
    claimed: datetime | None = None
    heartbeat: datetime | None = None
    host: str | None = None
    pid: int | None = None
    cancel_requested: bool = False
    error: str | None = None
    away_since: datetime | None = None
    checkpoint: dict[str, Any] | None = None
