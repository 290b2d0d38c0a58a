"""Managers and schedulers on several machines, and what a test asks of them and finds out about them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from app.domain.dataset import Dataset, Status
from app.domain.job import Job, JobState
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, wait_for, wait_for_end
from tests.reliability.asking import ask, assert_right, wait_for_trace
from tests.reliability.machines import Machine, Network

MANAGER, SCHEDULER = ("-m", "app.runner"), ("scheduler.py",)


class Fleet:
    """The managers and schedulers on the machines."""

    def __init__(self, net: Network, environment: dict[str, str]) -> None:
        self.machines = {machine.name: machine for machine in net.machines}
        self._environment = environment
        self._running: dict[tuple[str, tuple[str, ...]], Process] = {}
        self._awaited: set[str] = set()

    def run(self, name: str, what: tuple[str, ...]) -> Process:
        """The manager or scheduler of a machine; started unless it runs."""
        process = self._running.get((name, what))
        if process is None or process.poll() is not None:
            process = self._running[name, what] = self.machines[name].start(self._environment, *what)
            self._awaited.update({name} if what == MANAGER else ())
        return process

    def wait_for_managers(self, ctx: Context) -> None:
        """Wait until the managers that have been started are there."""

        def are_there() -> bool:
            self._awaited -= {facts["host"] for facts in ctx.bell.managers().values()}
            return not self._awaited

        wait_for(are_there, f"the managers on {self._awaited}", 60)

    def other(self, machine: Machine) -> Machine:
        return self.machines["two" if machine.name == "one" else "one"]

    def stop(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            process.wait(15)


def limit(ctx: Context, most: int) -> None:
    setting.put(ctx.database, "workers.misbehave.max_workers", most)


def ask_many(ctx: Context, admin: User, top: Dataset, count: int, seconds: float, trace: Path) -> list[Dataset]:
    return [ask(ctx, admin, top, "span", mark=str(n), seconds=seconds, trace=str(trace)) for n in range(count)]


def running(ctx: Context, fleet: Fleet, asked: Dataset, trace: Path) -> tuple[Job, Machine]:
    """The job that makes a dataset, and the machine it runs on, once it is at work."""
    wait_for_trace(trace)
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    assert job.state is JobState.RUNNING
    return job, fleet.machines[str(job.host)]


def last_heartbeat(ctx: Context, job: Job) -> float:
    """When a job was last heard of, now that its machine has been cut off."""
    found = jobs.find(ctx.database, job.id)
    assert found is not None
    assert found.token == job.token
    assert found.heartbeat is not None
    return found.heartbeat.timestamp()


def last_stamp(trace: Path, machine: Machine) -> float:
    """When the work last did something on a machine."""
    lines = [line.split() for line in Path(f"{trace}.stamps").read_text().splitlines()]
    return max(float(moment) for host, moment in lines if host == machine.name)


def wait_for_work_on(ctx: Context, admin: User, top: Dataset, machine: Machine, seconds: float = 20) -> None:
    """Wait until a machine does new work, of which there is some all the time."""
    asked: list[Dataset] = []

    def works() -> bool:
        state = [datasets.get(ctx.database, dataset.key) for dataset in asked]
        if sum(not dataset.status.is_ended for dataset in state) < 3:
            asked.append(ask(ctx, admin, top, "sleep", seconds=0.2, mark=f"again {machine.name} {len(asked)}"))
        return any(
            dataset.status is Status.FINISHED and dataset.provenance["host"] == machine.name for dataset in state
        )

    wait_for(works, f"work on {machine.name}", seconds)
    for dataset in asked:
        assert_right(ctx, admin, wait_for_end(ctx, dataset.key))


def tick_runs(ctx: Context) -> list[tuple[float, float]]:
    """When the standing task ran, and for which point of its grid."""
    found: dict[str, Any] = setting.all_settings(ctx.database)
    return sorted((value[0], value[2]) for name, value in found.items() if name.startswith("tick.ran."))
