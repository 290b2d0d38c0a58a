"""What one job may use: what counts before what, and that a wrong value never does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.domain.setting import LIMIT_RULES, WORKER_RULES, limit_setting, worker_setting
from app.plugins import Worker
from app.plugins.datasource import DataSource
from app.services.job_limits import JobLimits, job_limits
from app.settings import Settings

SETTINGS = cast(Settings, SimpleNamespace(job_memory_mb=2048, job_minutes=1440))
WRONG = ("4", 4.0, True, None, [], {}, -1, 10**20)


class Plain(Worker):
    """A task that declares nothing."""

    type = "plain"


class Heavy(Worker):
    """A task that declares both."""

    type = "heavy"
    memory_mb = 512
    minutes = 30


class Source(DataSource):
    """A data source, whose type is its id."""

    id = "source"


@pytest.mark.parametrize(
    ("plugin", "site", "expected"),
    [
        (Plain, {}, (2048, 1440)),
        (Heavy, {}, (512, 30)),
        (Heavy, {"workers.heavy.memory_mb": 4096}, (4096, 30)),
        (Heavy, {"workers.heavy.minutes": 1}, (512, 1)),
        (Heavy, {"workers.plain.minutes": 1}, (512, 30)),
        (Source, {"workers.source.memory_mb": 128, "workers.source.minutes": 5}, (128, 5)),
        (Heavy, {"workers.heavy.memory_mb": 127, "workers.heavy.minutes": 0}, (512, 30)),
    ],
)
def test_the_site_counts_before_the_type_and_that_before_the_environment(
    plugin: Any, site: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert job_limits(SETTINGS, plugin, site) == JobLimits(*expected)


@pytest.mark.parametrize("stored", WRONG)
def test_a_wrong_value_counts_as_unset(stored: object) -> None:
    site = {f"workers.plain.{what}": stored for what in WORKER_RULES}
    site |= {f"limits.{what}": stored for what in LIMIT_RULES}
    assert [worker_setting(site, "plain", what) for what in WORKER_RULES] == [None] * 3
    assert [limit_setting(site, what) for what in LIMIT_RULES] == [None] * len(LIMIT_RULES)
    assert job_limits(SETTINGS, Plain, site) == JobLimits(2048, 1440)


@pytest.mark.parametrize("rule", [*WORKER_RULES.values(), *LIMIT_RULES.values()], ids=lambda rule: rule.label)
def test_the_ends_of_what_a_setting_takes(rule: Any) -> None:
    assert [rule.read(rule.least), rule.read(rule.most)] == [rule.least, rule.most]
    assert [rule.read(rule.least - 1), rule.read(rule.most + 1)] == [None, None]
    assert f"{rule.least:,}" in rule.expected
