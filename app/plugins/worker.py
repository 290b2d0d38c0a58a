"""The base of every standing task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from app.domain.job import Job
from app.plugins.accepts import Needs
from app.plugins.context import WorkerContext
from app.plugins.processor import Described


class Worker(ABC, Described):
    """A task that the installation does for itself: at an interval in seconds, or only when asked (None)."""

    type: ClassVar[str]
    max_workers: ClassVar[int] = 1
    max_attempts: ClassVar[int] = 3
    memory_mb: ClassVar[int | None] = None
    minutes: ClassVar[int | None] = None
    interval: ClassVar[int | None] = None
    needs: ClassVar[Needs] = Needs()

    @abstractmethod
    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Do the task once. It may be done twice, so it must not matter if it is."""
