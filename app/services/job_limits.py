"""What one job may use, from what is set for its type, what the type declares, and the installation's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.setting import worker_setting
from app.plugins.registry import Runnable
from app.settings import Settings


@dataclass(frozen=True)
class JobLimits:
    """The most memory in megabytes, and the longest time in minutes."""

    memory_mb: int
    minutes: int


def job_limits(settings: Settings, plugin: Runnable, site: Mapping[str, Any]) -> JobLimits:
    """The limits of one job: the site's settings count before what the type declares, that before the environment."""
    type_ = type_of(plugin)
    memory, minutes = worker_setting(site, type_, "memory_mb"), worker_setting(site, type_, "minutes")
    declared = declared_limits(settings, plugin)
    return JobLimits(
        memory_mb=declared.memory_mb if memory is None else memory,
        minutes=declared.minutes if minutes is None else minutes,
    )


def declared_limits(settings: Settings, plugin: Runnable) -> JobLimits:
    """The limits of a job for whose type nothing has been set."""
    return JobLimits(
        memory_mb=settings.job_memory_mb if plugin.memory_mb is None else plugin.memory_mb,
        minutes=settings.job_minutes if plugin.minutes is None else plugin.minutes,
    )


def type_of(plugin: Runnable) -> str:
    """The name of a plug-in's queue."""
    return str(plugin.id if hasattr(plugin, "id") else plugin.type)
