"""The web process dies while it is asked for things: what it accepted ends, and what it did not leaves nothing."""

from __future__ import annotations

import io
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import requests

from app.domain.dataset import Status
from app.domain.user import User
from app.local.leftovers import free_port
from app.services.context import Context
from app.services.process_log import list_said
from app.services.token import create_token
from app.storage import dataset as datasets
from tests.conftest import POSTS, Process, Starter, finished_posts, wait_for, wait_for_end
from tests.reliability.connections import opened
from tests.serving import begin_at

DAY = 24 * 3600


class Slow(io.BytesIO):
    """A body that takes its time, so that a death is likely to come while it is on its way."""

    def read(self, size: int | None = -1) -> bytes:
        """A part of it."""
        time.sleep(0.01)
        return super().read(size)


class Web:
    """The web process, on a port of its own; started again whenever it has died, as a platform does."""

    def __init__(self, start: Starter, token: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.headers = {"Authorization": f"Bearer {token}"}
        self._start = start
        self.process = self._begin()
        self.wait_until_it_answers()

    def _begin(self) -> Process:
        return begin_at(self.port, self._start, WEB_PROCESSES="2")

    def keep_up(self) -> None:
        """Start it again if it has died."""
        if self.process.poll() is not None:
            self.process = self._begin()

    def wait_until_it_answers(self) -> None:
        """Wait until requests are answered, starting it again as often as it takes."""

        def answers() -> bool:
            self.keep_up()
            with suppress(requests.RequestException):
                return requests.get(f"{self.url}/status", timeout=2).ok
            return False

        wait_for(answers, "the web server", 90)

    def kill(self, what: str) -> None:
        """Kill -9 one of its workers, its master, or all of it."""
        with suppress(psutil.Error):
            master = psutil.Process(self.process.pid)
            workers = master.children()
            doomed = {"worker": workers[:1], "master": [master], "all of it": [master, *workers]}[what]
            for process in doomed:
                process.kill()
        if what != "worker":
            self.process.wait()


class Asker(threading.Thread):
    """Asks over the API without a pause, and keeps what it was told is accepted."""

    def __init__(self, web: Web, top: str, number: int) -> None:
        super().__init__()
        self._web = web
        self._top = top
        self._random = random.Random(number)
        self.name = f"asker {number}"
        self.stop = threading.Event()
        self.accepted: list[str] = []
        self.unanswered = 0

    def run(self) -> None:
        """Ask until stopped."""
        kinds: tuple[Callable[[int], requests.Response], ...] = (self._upload, self._analyse)
        for number in range(100_000):
            if self.stop.is_set():
                return
            try:
                answer = kinds[number % len(kinds)](number)
                assert answer.status_code in (200, 202), answer.text
                self.accepted.append(answer.json()["key"])
            except requests.RequestException:
                self.unanswered += 1
                time.sleep(0.1)

    def _upload(self, number: int) -> requests.Response:
        """Send a file slowly; its body is made here, for the library would read the file at once."""
        content = POSTS * self._random.randrange(1, 60)
        prepared = requests.Request("POST", f"{self._web.url}/datasets/upload", files={"file": ("a.csv", content)})
        made = prepared.prepare()
        assert isinstance(made.body, bytes)
        headers = {**self._web.headers, "Content-Type": made.headers["Content-Type"]}
        return requests.post(str(made.url), data=Slow(made.body), headers=headers, timeout=30)

    def _analyse(self, number: int) -> requests.Response:
        options = {"way": "work", "mark": f"{self.name}, {number}"}
        url = f"{self._web.url}/datasets/{self._top}/processors/misbehave"
        return requests.post(url, json=options, headers=self._web.headers, timeout=30)


@pytest.fixture
def web(ctx: Context, admin: User, start: Starter) -> Web:
    return Web(start, create_token(ctx, admin, "asking")[1])


@contextmanager
def asking(ctx: Context, web: Web, admin: User, count: int) -> Iterator[list[Asker]]:
    """Ask from several sides at once until the block ends."""
    top = finished_posts(ctx, admin).key
    askers = [Asker(web, top, number) for number in range(count)]
    for asker in askers:
        asker.start()
    try:
        yield askers
    finally:
        for asker in askers:
            asker.stop.set()
        for asker in askers:
            asker.join()


@pytest.mark.parametrize("what", ["worker", "master", "all of it"])
@pytest.mark.usefixtures("workers")
def test_killed_while_it_is_asked(ctx: Context, admin: User, web: Web, what: str) -> None:
    chance = random.Random(what)
    with asking(ctx, web, admin, 3) as askers:
        for _ in range(3):
            had = sum(len(asker.accepted) for asker in askers)
            wait_for(lambda had=had: sum(len(asker.accepted) for asker in askers) >= had + 4, "some answers", 90)
            time.sleep(chance.uniform(0, 0.5))
            web.kill(what)
            web.wait_until_it_answers()
    accepted = {key for asker in askers for key in asker.accepted}
    unanswered = sum(asker.unanswered for asker in askers)
    assert len(accepted) >= 12
    for key in accepted:
        assert wait_for_end(ctx, key, 120).status is Status.FINISHED, key
    assert_nothing_half(ctx, accepted, unanswered)


def test_each_process_holds_as_many_connections_as_it_has_threads(ctx: Context, admin: User, web: Web) -> None:
    with asking(ctx, web, admin, 12) as askers:
        most = 0
        for _ in range(10):
            had = sum(len(asker.accepted) for asker in askers)
            wait_for(lambda had=had: sum(len(asker.accepted) for asker in askers) > had, "an answer", 60)
            master = psutil.Process(web.process.pid)
            assert opened(ctx, master) == set()
            most = max(most, *(len(opened(ctx, process)) for process in master.children()))
    assert 1 <= most <= 2 * ctx.settings.web_threads, "once for the queue, once for limits"


def test_the_death_of_a_process_is_told_to_administrators(ctx: Context, admin: User, web: Web) -> None:
    web.kill("worker")
    wait_for(lambda: list_said(ctx, admin, "SIGKILL"), "the web server to say so", 60)
    assert {one.process for one in list_said(ctx, admin, "SIGKILL") or []} == {"web"}


def assert_nothing_half(ctx: Context, accepted: set[str], unanswered: int) -> None:
    """All there is ends; what nobody was told of is no more than what got no answer; the clean-up leaves no remains."""
    wait_for(lambda: not open_datasets(ctx), "all to end", 120)
    there = {row["key"] for row in ctx.database.many("SELECT key FROM datasets WHERE work <> '{}'::jsonb")}
    assert accepted <= there
    assert len(there - accepted) <= unanswered
    for key in there:
        assert datasets.get(ctx.database, key).status is Status.FINISHED
    assert ctx.database.many("SELECT id FROM jobs WHERE interval IS NULL") == []
    wait_for(lambda: clean_up(ctx) or not remains(ctx), "no remains, but for what a task is at work in", 90)
    assert ctx.database.many("SELECT id FROM uploads") == []


def open_datasets(ctx: Context) -> int:
    return int(ctx.database.one("SELECT count(*) AS open FROM datasets WHERE status IN ('waiting', 'running')")["open"])


def clean_up(ctx: Context) -> None:
    """Make all that is stored look old, and let the standing task have its turn."""
    old = time.time() - 2 * DAY
    for path in paths(ctx):
        with suppress(FileNotFoundError):
            os.utime(path, (old, old))
    ctx.database.run("UPDATE uploads SET created = created - interval '2 days'")
    began = ctx.database.one("SELECT now() AS now")["now"]
    ctx.database.run("UPDATE jobs SET claim_after = now() WHERE type = 'clean-up-files' AND state = 'waiting'")

    def has_run() -> bool:
        row = ctx.database.find("SELECT state, claimed FROM jobs WHERE type = 'clean-up-files'")
        return bool(row and row["state"] == "waiting" and row["claimed"] and row["claimed"] >= began)

    wait_for(has_run, "the clean-up", 60)


def paths(ctx: Context) -> list[Path]:
    """All that is stored, folders too; what a task removes meanwhile is passed over."""
    return [Path(folder, name) for folder, folders, files in os.walk(storage(ctx)) for name in (*folders, *files)]


def remains(ctx: Context) -> list[str]:
    """Files and temporary folders that nothing refers to."""
    used = {
        row["name"]
        for row in ctx.database.many(
            "SELECT file.value ->> 'name' AS name FROM datasets, jsonb_each(result -> 'files') AS file"
            " WHERE result IS NOT NULL UNION ALL SELECT file ->> 'name' FROM uploads"
        )
    }
    files = {str(path.relative_to(storage(ctx))) for path in paths(ctx) if path.is_file()}
    folders = [str(path) for path in (storage(ctx) / "tmp").glob("*")]
    return sorted(files - used) + folders


def storage(ctx: Context) -> Path:
    return ctx.settings.data_dir / "storage"
