"""What the doctor finds on real servers that are not as they should be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from app.domain.user import User
from app.local import doctor_servers
from app.local.doctor_queue import look_at_queue, look_at_workers
from app.local.doctor_servers import look_at_database, look_at_redis
from app.local.finding import Finding
from app.queue.connection import connect_redis
from app.services.context import Context
from app.storage.connection import connect
from app.storage.overview import server_facts
from tests.conftest import Starter, import_posts, wait_for_manager


def levels(found: list[Finding]) -> list[tuple[str, str]]:
    """What was looked at and how it is."""
    return [(finding.name, finding.level) for finding in found]


@pytest.fixture
def policy(ctx: Context) -> Iterator[None]:
    """Let Redis forget what it likes, for one test."""
    ctx.bell.client.config_set("maxmemory-policy", "allkeys-lru")
    yield
    ctx.bell.client.config_set("maxmemory-policy", "noeviction")


def test_servers_that_are_well(ctx: Context) -> None:
    assert levels(look_at_database(ctx.settings)) == [("database", "ok"), ("clock", "ok"), ("database", "ok")]
    assert levels(look_at_redis(ctx.settings)) == [("redis", "ok"), ("redis", "ok")]


@pytest.mark.usefixtures("policy")
def test_a_redis_that_may_forget_is_warned_of(ctx: Context) -> None:
    warning = next(finding for finding in look_at_redis(ctx.settings) if finding.level == "warn")
    assert (warning.name, warning.fact) == ("redis memory", "its policy is allkeys-lru")
    assert "noeviction" in warning.advice


def test_few_connections_that_are_left_are_warned_of(ctx: Context) -> None:
    most = int(ctx.bell.client.config_get("maxclients")["maxclients"])
    with ExitStack() as opened:
        for _ in range(12):
            opened.enter_context(closing(connect_redis(ctx.settings.redis_url))).ping()
        ctx.bell.client.config_set("maxclients", int(ctx.bell.client.info("clients")["connected_clients"]) + 2)
        try:
            found = look_at_redis(ctx.settings)
        finally:
            ctx.bell.client.config_set("maxclients", most)
    assert levels(found) == [("redis", "ok"), ("redis", "warn")]
    assert "maxclients" in found[1].advice


def test_few_connections_to_the_database_that_are_left_are_warned_of(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = server_facts(ctx.database)
    monkeypatch.setattr(doctor_servers, "_FULL", (facts["connections"] + 6) / facts["max_connections"])
    with ExitStack() as opened:
        for _ in range(10):
            opened.enter_context(closing(connect(ctx.settings.database_url)))
        found = look_at_database(ctx.settings)
    assert found[-1].level == "warn"
    assert "max_connections" in found[-1].advice


def test_work_that_nobody_takes_is_named(ctx: Context, user: User, start: Starter) -> None:
    assert levels(look_at_queue(ctx)) == [("queue", "ok")]
    wait_for_manager(ctx, start("-m", "app.runner", WORKER_QUEUES="count-posts"))
    import_posts(ctx, user)
    ctx.database.run(
        "UPDATE jobs SET claim_after = now() - interval '90 seconds', rung = now() - interval '90 seconds'"
    )
    (fault,) = look_at_queue(ctx)
    assert (fault.level, fault.name) == ("FAIL", "queue")
    assert fault.fact.startswith("work waits and nobody takes it: 1 of type upload, the oldest for 9")
    assert "upload" in fault.advice
    assert "WORKER_QUEUES" in fault.advice


def test_machines_of_several_versions_and_times_are_warned_of(ctx: Context) -> None:
    facts = {"host": "a", "pid": 1, "started": time.time(), "queues": ["upload"], "workers": {}}
    ctx.bell.sign("a-1", {**facts, "version": "1.0", "signed": time.time()}, 15)
    assert levels(look_at_workers(ctx, is_running=True)) == [("workers", "ok")]
    ctx.bell.sign("b-2", {**facts, "version": "2.0", "signed": time.time() + 300}, 15)
    found = look_at_workers(ctx, is_running=True)
    assert levels(found) == [("workers", "ok"), ("workers", "warn"), ("clock", "warn")]
    assert "a-1 1.0, b-2 2.0" in found[1].fact
    assert "b-2 by about +300 s" in found[2].fact


def test_no_machines_are_a_fault_where_the_tool_runs(ctx: Context) -> None:
    assert levels(look_at_workers(ctx, is_running=True)) == [("workers", "FAIL")]
    assert levels(look_at_workers(ctx, is_running=False)) == [("workers", "warn")]
