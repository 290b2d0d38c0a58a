"""A capture or an import that is broken off goes on where it was, and its result is whole, in order, once."""

from __future__ import annotations

import io
import json
import re
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
import zstandard

from app.domain.checkpoint import checkpoint_files
from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture, log_text
from app.services.upload import save_upload
from app.storage import dataset as datasets
from app.storage import job as jobs
from tests.conftest import Process, Starter, wait_for, wait_for_end
from tests.plugins.pages_of_posts import PAGE, post
from tests.reliability.asking import wait_for_trace

PAGES = 8
MAPPED = [number for number in range(PAGES * PAGE) if number % 10 != 9]


class Server(ThreadingHTTPServer):
    """Serves posts in pages, and remembers which pages were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[int] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        page = int(self.path.strip("/"))
        self.server.asked.append(page)
        body = json.dumps([post(number) for number in range(page * PAGE, (page + 1) * PAGE)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    opened = Server()
    threading.Thread(target=opened.serve_forever, daemon=True).start()
    yield opened
    opened.shutdown()
    opened.server_close()


def ask(ctx: Context, admin: User, server: Server, trace: Path, **options: Any) -> Dataset:
    asked = {"amount": PAGES * PAGE, "server": server.address, "trace": str(trace), "at": 5, **options}
    return create_capture(ctx, admin, "pages_of_posts", asked)


def checkpoint_of(ctx: Context, dataset: Dataset) -> dict[str, Any] | None:
    row = ctx.database.find("SELECT id FROM jobs WHERE dataset = %(key)s", key=dataset.key)
    job = jobs.find(ctx.database, row["id"]) if row else None
    return job.checkpoint if job else None


def wait_for_page(ctx: Context, dataset: Dataset, page: int) -> dict[str, Any]:
    def reached() -> dict[str, Any] | None:
        found = checkpoint_of(ctx, dataset)
        return found if found and found["state"]["page"] >= page else None

    return wait_for(reached, f"a checkpoint at page {page}", 60)  # type: ignore[return-value]


def table(ctx: Context, dataset: Dataset) -> pl.DataFrame:
    assert dataset.result is not None, dataset.message
    return pl.read_parquet(ctx.files.local(dataset.result.files["table"]))


def assert_whole(ctx: Context, ended: Dataset) -> None:
    """All posts in order, once: in the table, in the raw records and in quarantine."""
    assert (ended.status, ended.rows, ended.quarantined) == (Status.FINISHED, len(MAPPED), PAGES), ended.message
    assert table(ctx, ended)["likes"].to_list() == MAPPED
    assert ended.result is not None
    with ctx.files.local(ended.result.files["raw"]).open("rb") as packed:
        raw = zstandard.ZstdDecompressor().stream_reader(packed).read()
    assert [json.loads(line)["pk"] for line in raw.splitlines()] == list(range(PAGES * PAGE))
    kept = pl.read_parquet(ctx.files.local(ended.result.files["quarantine"]))
    assert kept["position"].to_list() == [10 * number for number in range(1, PAGES + 1)]


class TestCapture:
    """Pages that were brought home are not asked for again."""

    def test_the_process_that_does_it_is_killed(
        self, ctx: Context, admin: User, workers: Process, server: Server, tmp_path: Path
    ) -> None:
        asked = ask(ctx, admin, server, tmp_path / "trace", fault="sleep")
        wait_for_page(ctx, asked, 5)
        psutil.Process(wait_for_trace(tmp_path / "trace")).kill()
        ended = wait_for_end(ctx, asked.key)
        assert_whole(ctx, ended)
        assert server.asked == list(range(PAGES))
        assert ended.provenance["attempt"] == 2
        assert "Going on where an earlier attempt was broken off: 45 rows" in log_text(ctx, admin, asked.key)

    def test_it_dies_by_itself(
        self, ctx: Context, admin: User, workers: Process, server: Server, tmp_path: Path
    ) -> None:
        asked = ask(ctx, admin, server, tmp_path / "trace", fault="die")
        assert_whole(ctx, wait_for_end(ctx, asked.key))
        assert server.asked == list(range(PAGES))

    def test_the_process_that_watches_it_is_killed(
        self, ctx: Context, admin: User, workers: Process, server: Server, tmp_path: Path
    ) -> None:
        asked = ask(ctx, admin, server, tmp_path / "trace", fault="sleep")
        wait_for_page(ctx, asked, 5)
        watcher = psutil.Process(wait_for_trace(tmp_path / "trace")).parent()
        assert watcher is not None
        watcher.kill()
        assert_whole(ctx, wait_for_end(ctx, asked.key))
        assert server.asked == list(range(PAGES))
        ctx.files.sweep(0)

    def test_names_are_the_same_codes_before_and_after(
        self, ctx: Context, admin: User, workers: Process, server: Server, tmp_path: Path
    ) -> None:
        asked = create_capture(
            ctx,
            admin,
            "pages_of_posts",
            {"amount": 80, "server": server.address, "trace": str(tmp_path / "t"), "at": 5, "fault": "die"},
            pseudonymise="pseudonymise",
        )
        ended = wait_for_end(ctx, asked.key)
        assert_whole(ctx, ended)
        assert table(ctx, ended)["author"].n_unique() == 3
        assert "user1" not in table(ctx, ended)["author"].to_list()

    def test_a_place_that_has_expired_starts_over(
        self, ctx: Context, admin: User, workers: Process, server: Server, tmp_path: Path
    ) -> None:
        asked = ask(ctx, admin, server, tmp_path / "trace", fault="die", expires="yes")
        ended = wait_for_end(ctx, asked.key)
        assert_whole(ctx, ended)
        assert server.asked == [*range(5), *range(PAGES)]
        assert "the place has expired. Starting over." in log_text(ctx, admin, asked.key)


@pytest.fixture
def handed_back(ctx: Context, admin: User, start: Starter, workers: Process, server: Server, tmp_path: Path) -> Dataset:
    """A capture that was handed back by a machine that stopped, five of its pages in one part."""
    workers.terminate()
    workers.wait(20)
    manager = start("-m", "app.runner", SHUTDOWN_SECONDS="20")
    asked = ask(ctx, admin, server, tmp_path / "trace", fault="sleep", checkpoints="asked")
    wait_for(lambda: len(server.asked) == 5, "five pages", 60)
    assert checkpoint_of(ctx, asked) is None
    manager.terminate()
    manager.wait(30)
    waiting = datasets.get(ctx.database, asked.key)
    assert waiting.status is Status.WAITING
    assert wait_for_page(ctx, asked, 5)["rows"] == 45
    return waiting


class TestHandBack:
    """A machine that stops brings home what its captures have, and another one goes on."""

    def test_nothing_is_asked_for_twice(
        self, ctx: Context, handed_back: Dataset, start: Starter, server: Server
    ) -> None:
        start("-m", "app.runner")
        ended = wait_for_end(ctx, handed_back.key)
        assert_whole(ctx, ended)
        assert server.asked == list(range(PAGES))
        assert ended.provenance["attempt"] == 1

    @pytest.mark.parametrize("fault", ["gone", "damaged"])
    def test_a_part_that_cannot_be_used_means_starting_over(
        self, ctx: Context, admin: User, handed_back: Dataset, start: Starter, server: Server, fault: str
    ) -> None:
        checkpoint = checkpoint_of(ctx, handed_back)
        name = checkpoint_files(checkpoint)[0]
        path = ctx.settings.data_dir / "storage" / name
        if fault == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-9] + b"something")
        start("-m", "app.runner")
        ended = wait_for_end(ctx, handed_back.key)
        assert_whole(ctx, ended)
        assert server.asked == [*range(5), *range(PAGES)]
        assert "cannot be used" in log_text(ctx, admin, handed_back.key)


def test_a_capture_out_of_memory_says_at_how_many_rows(
    ctx: Context, admin: User, start: Starter, workers: Process, server: Server, tmp_path: Path
) -> None:
    workers.terminate()
    workers.wait(20)
    start("-m", "app.runner", JOB_MEMORY_MB="500")
    ended = wait_for_end(ctx, ask(ctx, admin, server, tmp_path / "trace", fault="memory").key)
    assert ended.status is Status.FAILED
    found = re.search(r"Out of memory at (\d+) rows: it needed more than 500 MB", ended.message)
    assert found, ended.message
    assert 9 <= int(found[1]) <= 45


def test_an_import_goes_on_behind_what_was_brought_home(
    ctx: Context, admin: User, start: Starter, workers: Process
) -> None:
    rows, words = 60_000, "so many words " * 60
    slow = "".join(f'{n},2020-01-01 10:00:00,"with \\"escaped\\" marks, {words}"\n' for n in range(rows))
    workers.terminate()
    workers.wait(20)
    manager = start("-m", "app.runner", SHUTDOWN_SECONDS="60")
    upload = save_upload(ctx, admin, "posts.csv", io.BytesIO(("id,date,text\n" + slow + "worse,never,row\n").encode()))
    asked = create_capture(ctx, admin, "upload", {}, upload_id=upload.id)
    wait_for(lambda: datasets.get(ctx.database, asked.key).progress, "the import to be under way", 60)
    manager.send_signal(signal.SIGTERM)
    manager.wait(90)
    checkpoint = checkpoint_of(ctx, asked)
    assert checkpoint is not None
    assert 0 < checkpoint["rows"] < rows

    start("-m", "app.runner")
    ended = wait_for_end(ctx, asked.key, 120)
    assert (ended.status, ended.rows, ended.quarantined) == (Status.FINISHED, rows, 1), ended.message
    assert table(ctx, ended)["id"].to_list() == [str(number) for number in range(rows)]
    assert f"broken off: {checkpoint['rows']:,} rows are there" in log_text(ctx, admin, asked.key)
