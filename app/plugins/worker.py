"""The base of every standing task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.domain.job import Job
from app.plugins.accepts import Needs
from app.plugins.context import WorkerContext
from app.plugins.processor import Described


@dataclass(frozen=True)
class Standing:
    """One job that comes round by itself: what it is about, how often in seconds, and what it is told."""

    remote_id: str
    interval: int
    details: Mapping[str, Any] = field(default_factory=dict)


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

    @classmethod
    def standing(cls, settings: Mapping[str, Any]) -> Sequence[Standing]:
        """The jobs of this type that come round by themselves, by the settings that an administrator has made.

        Compared with what there is every few seconds, so that a changed setting counts without a restart.
        """
        return [Standing("", cls.interval)] if cls.interval else []
