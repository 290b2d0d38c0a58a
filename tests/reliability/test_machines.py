"""Two machines and more on one queue, and a network between them that fails."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.user import User
from app.services.context import Context
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage.migrate import migrate
from tests.conftest import finished_posts, settings_environment, wait_for, wait_for_end
from tests.reliability.asking import ask, assert_right, is_alive, most_at_once, spans
from tests.reliability.fleet import (
    MANAGER,
    SCHEDULER,
    Fleet,
    ask_many,
    last_heartbeat,
    last_stamp,
    limit,
    running,
    tick_runs,
    wait_for_work_on,
)
from tests.reliability.machines import Network, network, servers

DEAD_AFTER = 4
TAKEN_OVER = DEAD_AFTER + 14
"""When another machine has begun and ended a job again: the lease, a second look, the job itself and some patience.

The patience covers that PostgreSQL may first have to notice that the one cut off, amid a transaction, is gone.
"""

_HOLD = """
import time
from app.settings import Settings
from app.storage.database import Database
from app.storage.job_turn import lock_type
with Database(Settings.from_env().database_url, name="holder").transaction() as tx:
    lock_type(tx, "misbehave")
    time.sleep(600)
"""
"""Be in the middle of deciding which job is next."""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with network(tmp_path_factory.mktemp("machines")) as made:
        for name in ("one", "two", "three"):
            made.add(name)
        yield made


@pytest.fixture(scope="module")
def settings(net: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("between")
    with servers(net, folder) as given, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, given[name])
        migrate(given["DATABASE_URL"])
        yield Settings.from_env(
            {
                **given,
                "DATA_DIR": str(folder / "data"),
                "SECRET_KEY": "for tests " * 4,
                "PSEUDONYM_KEY": "for tests too " * 4,
                "RECONCILE_SECONDS": "1",
                "DEAD_AFTER_SECONDS": str(DEAD_AFTER),
                "HEARTBEAT_SECONDS": "0.5",
                "WORKER_IDLE_SECONDS": "5",
                "SHUTDOWN_SECONDS": "3",
                "ENGINE_THREADS": "1",
                "PLUGIN_PACKAGES": "tests.plugins",
            }
        )


@pytest.fixture(scope="module")
def environment(settings: Settings) -> dict[str, str]:
    return {**settings_environment(settings), "WORKER_QUEUES": "misbehave,tick", "TICK_INTERVAL": "1"}


@pytest.fixture(scope="module")
def all_machines(net: Network, environment: dict[str, str]) -> Iterator[Fleet]:
    fleet = Fleet(net, environment)
    yield fleet
    fleet.stop()


@pytest.fixture
def fleet(ctx: Context, all_machines: Fleet) -> Iterator[Fleet]:
    """Two machines, each with a manager and a scheduler, whatever the last test has done; a third with nothing."""
    for name in ("one", "two"):
        all_machines.run(name, MANAGER)
        all_machines.run(name, SCHEDULER)
    all_machines.wait_for_managers(ctx)
    yield all_machines
    for machine in all_machines.machines.values():
        machine.heal()


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


class TestLimits:
    """`max_workers` holds for all machines together."""

    def test_while_managers_come_and_go(
        self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        third = fleet.run("three", MANAGER)
        fleet.wait_for_managers(ctx)
        asked = ask_many(ctx, admin, top, 22, 0.4, trace)
        wait_for(lambda: len(spans(trace)) >= 5, "some work")
        fleet.run("one", MANAGER).terminate()
        wait_for(lambda: len(spans(trace)) >= 10, "more work")
        fleet.run("two", MANAGER).kill()
        ended = [wait_for_end(ctx, dataset.key) for dataset in asked]
        third.terminate()
        for dataset in ended:
            assert_right(ctx, admin, dataset)
        assert {dataset.provenance["host"] for dataset in ended} == {"one", "two", "three"}
        assert most_at_once(spans(trace)) == 2
        assert len(spans(trace)) == 22

    def test_a_change_takes_effect_without_a_restart(
        self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        limit(ctx, 4)
        ask_many(ctx, admin, top, 40, 0.8, trace)
        wait_for(lambda: most_at_once(spans(trace)) == 4, "four at once")
        for most in (1, 2):
            began = self.set_and_settle(ctx, most, trace)
            wait_for(lambda began=began: len(self.since(trace, began)) >= 4, "more work")  # type: ignore[misc]
            assert most_at_once(self.since(trace, began)) == most
        began = self.set_and_settle(ctx, 0, trace)
        time.sleep(2)
        assert self.since(trace, began) == []
        limit(ctx, 3)
        raised = time.time()
        wait_for(lambda: most_at_once(self.since(trace, raised)) == 3, "three at once", 15)
        assert most_at_once(spans(trace)) == 4

    @staticmethod
    def set_and_settle(ctx: Context, most: int, trace: Path) -> float:
        """Set the limit, and wait until what had been let go before has ended; since when the limit must hold."""
        limit(ctx, most)
        changed = ctx.database.one("SELECT now() AS now")["now"]
        before = "SELECT 1 FROM jobs WHERE type = 'misbehave' AND state <> 'waiting' AND rung < %(changed)s"
        wait_for(lambda: not ctx.database.find(before, changed=changed), "the work before")
        return time.time()

    @staticmethod
    def since(trace: Path, moment: float) -> list[tuple[float, float]]:
        return [span for span in spans(trace) if span[0] > moment]


class TestCutOff:
    """One machine is cut off; the other takes over, and the first publishes nothing when it comes back."""

    @pytest.mark.parametrize("way", ["closed", "silent"])
    def test_mid_job(self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, tmp_path: Path, way: str) -> None:
        trace = tmp_path / "trace"
        asked = ask(ctx, admin, top, "stamps", seconds=60, trace=str(trace))
        job, machine = running(ctx, fleet, asked, trace)
        if way == "closed":
            machine.close_link()
        else:
            machine.silence_link()
        self.another_takes_over(ctx, admin, fleet, asked, job, trace)
        wait_for_work_on(ctx, admin, top, machine)

    def test_from_the_database_alone_with_a_result_in_storage(
        self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, net: Network, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        asked = ask(ctx, admin, top, "stamps", seconds=1, trace=str(trace))
        job, machine = running(ctx, fleet, asked, trace)
        machine.lose(net.database)
        wait_for(lambda: len(list(ctx.files.find(f"datasets/{asked.key}"))) == 1, "a result that does not count")
        self.another_takes_over(ctx, admin, fleet, asked, job, trace)
        wait_for_work_on(ctx, admin, top, machine)

    @staticmethod
    def another_takes_over(ctx: Context, admin: User, fleet: Fleet, asked: Dataset, job: Job, trace: Path) -> None:
        """The job ends on the other machine; the one cut off stops in time, and leaves nothing when it is back."""
        machine = fleet.machines[str(job.host)]
        heard = last_heartbeat(ctx, job)
        ended = wait_for_end(ctx, asked.key, heard + TAKEN_OVER - time.time())
        assert (ended.provenance["host"], ended.provenance["attempt"]) == (fleet.other(machine).name, 2)
        stopped = last_stamp(trace, machine)
        assert stopped <= heard + DEAD_AFTER + 1, "it ran on beyond its lease"
        machine.heal()
        wait_for(lambda: not is_alive(job.pid or 0), "the watcher of the first attempt to end", 20)
        assert not is_alive(int(trace.read_text().split()[0]))
        assert last_stamp(trace, machine) == stopped, "it went on though it had lost its claim"
        assert datasets.get(ctx.database, asked.key) == ended
        assert_right(ctx, admin, ended)

    def test_while_it_holds_a_lock(self, ctx: Context, admin: User, top: Dataset, fleet: Fleet) -> None:
        fleet.run("three", ("-c", _HOLD))
        holder = "FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE application_name = 'holder' AND granted"
        wait_for(lambda: ctx.database.find(f"SELECT pid {holder} AND locktype = 'advisory'"), "the lock")
        fleet.machines["three"].silence_link()
        rescue = threading.Timer(30, lambda: ctx.database.run(f"SELECT pg_terminate_backend(pid) {holder}"))
        rescue.start()
        asked_at = time.monotonic()
        assert_right(ctx, admin, wait_for_end(ctx, ask(ctx, admin, top, "work").key))
        rescue.cancel()
        assert time.monotonic() - asked_at < 25

    def test_with_its_scheduler(self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, tmp_path: Path) -> None:
        wait_for(lambda: len(tick_runs(ctx)) >= 2, "two runs")
        machine = fleet.machines["one"]
        machine.silence_link()
        cut = time.time()
        asked = ask_many(ctx, admin, top, 6, 0.2, tmp_path / "trace")
        for dataset in asked:
            assert_right(ctx, admin, wait_for_end(ctx, dataset.key))
        assert time.time() - cut < 25, "doorbells went to workers that do not hear them"
        wait_for(lambda: len([run for run in tick_runs(ctx) if run[0] > cut + 4]) >= 2, "runs without it", 20)
        machine.heal()
        back = time.time()
        wait_for(lambda: len([run for run in tick_runs(ctx) if run[0] > back]) >= 3, "runs after it", 20)
        per_point = Counter(math.floor(point) for _, point in tick_runs(ctx))
        assert max(per_point.values()) == 1, tick_runs(ctx)
        assert len(spans(tmp_path / "trace")) == 6


class TestParts:
    """One machine loses one of the servers, and the others go on."""

    def test_redis(self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, net: Network, tmp_path: Path) -> None:
        trace = tmp_path / "trace"
        long = ask(ctx, admin, top, "stamps", seconds=5, trace=str(trace))
        _, machine = running(ctx, fleet, long, trace)
        machine.lose(net.redis)
        others = [wait_for_end(ctx, dataset.key) for dataset in ask_many(ctx, admin, top, 4, 0.2, tmp_path / "short")]
        assert {dataset.provenance["host"] for dataset in others} == {fleet.other(machine).name}
        ended = wait_for_end(ctx, long.key)
        assert (ended.provenance["host"], ended.provenance["attempt"]) == (machine.name, 1)
        for dataset in (*others, ended):
            assert_right(ctx, admin, dataset)
        machine.heal()
        wait_for_work_on(ctx, admin, top, machine)

    def test_storage(self, ctx: Context, admin: User, top: Dataset, fleet: Fleet, net: Network, tmp_path: Path) -> None:
        trace = tmp_path / "trace"
        asked = ask(ctx, admin, top, "stamps", seconds=1, trace=str(trace))
        _, machine = running(ctx, fleet, asked, trace)
        machine.lose(net.s3)
        wait_for(lambda: "could not be stored" in datasets.get(ctx.database, asked.key).message, "the failure", 20)
        machine.heal()
        ended = wait_for_end(ctx, asked.key)
        assert_right(ctx, admin, ended)
        assert ended.provenance["attempt"] == 1
