"""Packages fetched from their addresses: in pieces, through broken connections and killed workers, within bounds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask

from app.domain.dataset import Dataset, Status
from app.domain.errors import InvalidInput, SourceError
from app.domain.user import User
from app.plugins.testing import MemoryRun
from app.services.context import Context
from app.services.dataset import create_capture, create_captures, lineage, log_text
from app.services.site_setting import change_site_settings
from app.services.token import create_token
from datasources.import_4cat import Import4CAT
from datasources.import_4cat import _remote as remote
from datasources.import_4cat._addresses import read_address
from datasources.import_4cat._package import Told
from tests.conftest import Process, wait_for_end
from tests.integration.test_packages import make_family, stored_names
from tests.neighbour import Neighbour
from tests.results import store_table

HERE = {"import_4cat.networks": "127.0.0.1"}


@pytest.fixture
def neighbour(app: Flask) -> Iterator[Neighbour]:
    running = Neighbour(app)
    yield running
    running.stop()


def ask(ctx: Context, actor: User, *addresses: str, token: str) -> list[Dataset]:
    return create_captures(ctx, actor, "import_4cat", {"addresses": "\n".join(addresses), "token": token})


@pytest.mark.usefixtures("workers")
def test_several_come_in_at_once_each_by_itself(
    ctx: Context, user: User, admin: User, neighbour: Neighbour, tmp_path: Path
) -> None:
    change_site_settings(ctx, admin, HERE)
    top = make_family(ctx, user, tmp_path)
    other = store_table(ctx, user, tmp_path, label="Coffee")
    secret = create_token(ctx, user, "moving", read_only=True)[1]
    gone = f"{neighbour.url}/datasets/{'0' * 32}"

    asked = ask(
        ctx,
        admin,
        f"{neighbour.url}/datasets/{top.key}/table",
        f"{neighbour.url}/datasets/{other.key}",
        gone,
        token=secret,
    )
    ended = [wait_for_end(ctx, one.key) for one in asked]

    assert [one.status for one in ended] == [Status.FINISHED, Status.FINISHED, Status.FAILED], [
        one.message for one in ended
    ]
    assert [one.label for one in ended[:2]] == ["Tea", "Coffee"]
    assert len(lineage(ctx, admin, ended[0].key)) == len(lineage(ctx, user, top.key))
    assert "there is no dataset 0000" in ended[2].message
    assert ended[2].key == "0" * 32, "a free key is kept"
    assert ended[0].provenance["imported"]["address"] == f"{neighbour.url}/datasets/{top.key}"
    rows = ctx.database.many("SELECT details::text AS d FROM jobs UNION ALL SELECT parameters::text FROM datasets")
    assert not any(secret in row["d"] for row in rows if row["d"]), "the token is forgotten"


def test_what_breaks_is_taken_up_where_it_broke_and_what_is_damaged_is_not_believed(
    ctx: Context, user: User, app: Flask, neighbour: Neighbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PIECE", 1000)
    monkeypatch.setattr(remote, "_CHUNK", 100)
    top = store_table(ctx, user, tmp_path)
    assert top.result is not None
    file = top.result.files["table"]
    told = Told(f"datasets/{top.key}/table.parquet", file.size, file.sha256)
    secret = create_token(ctx, user, "moving")[1]
    faults = {1: "cut", 2: "busy", 4: "cut"}
    neighbour.fault = lambda path, number: faults.get(number, "")
    run = KeepingRun(tmp_path / "run")

    with opened(neighbour, top.key, secret, run) as far:
        taken = far.take(told, ".parquet")
        asked = len(neighbour.asked)
        assert hashlib.sha256(taken.read_bytes()).hexdigest() == file.sha256
        assert far.take(told, ".parquet") == taken
        assert len(neighbour.asked) == asked, "what is kept is not fetched again"
    starts = [int(span.removeprefix("bytes=").partition("-")[0]) for _, span in neighbour.asked]
    assert starts == sorted(starts)
    assert any(start % 1000 for start in starts), "a piece went on in its middle"
    assert set(run.files) == {f"{told.name} {told.sha256}"}, "pieces are dropped when the whole is there"

    neighbour.fault = lambda path, number: "damage"
    run = KeepingRun(tmp_path / "again")
    with opened(neighbour, top.key, secret, run) as far, pytest.raises(SourceError, match=r"table\.parquet.* damaged"):
        far.take(told, ".parquet")
    assert run.files == {}, "the next attempt begins anew"


def opened(neighbour: Neighbour, key: str, secret: str, run: KeepingRun) -> remote.Remote:
    settings = Import4CAT.Settings(networks="127.0.0.1")
    return remote.Remote(read_address(f"{neighbour.url}/datasets/{key}"), secret, settings, run, rest=0.01)


class KeepingRun(MemoryRun):
    """A run that keeps files in a folder."""

    replaces_names = False
    sources = ("upload",)

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.files: dict[str, Path] = {}

    def keep(self, name: str, path: Path, *, instead_of: Any = ()) -> Path:
        self.files[name] = path
        self.forget(instead_of)
        return path

    def forget(self, names: Any) -> None:
        for name in names:
            self.files.pop(name, None)

    def kept(self, name: str) -> Path | None:
        return self.files.get(name)


def test_a_killed_worker_leaves_no_half_family_and_the_next_goes_on(
    ctx: Context, user: User, admin: User, workers: Process, neighbour: Neighbour, tmp_path: Path
) -> None:
    change_site_settings(ctx, admin, HERE)
    top = make_family(ctx, user, tmp_path)
    secret = create_token(ctx, user, "moving")[1]
    neighbour.fault = lambda path, number: "stall" if path.endswith("page.html") and not number else ""

    asked = ask(ctx, admin, f"{neighbour.url}/datasets/{top.key}", token=secret)[0]
    assert neighbour.has_stalled.wait(60)
    time.sleep(0.5)
    assert len(lineage(ctx, admin, asked.key)) == 1
    asking(workers, neighbour).kill()
    neighbour.go_on.set()
    ended = wait_for_end(ctx, asked.key)

    assert (ended.status, ended.label) == (Status.FINISHED, "Tea"), ended.message
    assert len(lineage(ctx, admin, asked.key)) == len(lineage(ctx, user, top.key))
    assert ended.provenance["imported"]["by"]["attempt"] == 2
    assert (neighbour.times("nodes.parquet"), neighbour.times("page.html")) == (1, 2)
    assert "Going on where an earlier attempt was broken off" in log_text(ctx, admin, asked.key)
    family = lineage(ctx, admin, asked.key)
    assert stored_names(ctx, asked) == {f.name for d in family if d.result for f in d.result.files.values()}


def asking(manager: Process, site: Neighbour) -> psutil.Process:
    """The process of the plug-in: the one below the manager that is connected to the other site."""
    port = int(site.url.rpartition(":")[2])
    for process in psutil.Process(manager.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # others come and go
            if any(found.raddr and found.raddr.port == port for found in process.net_connections()):
                return process
    raise AssertionError("no process below the manager is connected to the other site")


def test_private_addresses_are_not_asked_unless_they_are_allowed(
    ctx: Context, user: User, neighbour: Neighbour, workers: Process
) -> None:
    asked = ask(ctx, user, f"{neighbour.url}/datasets/{'1' * 32}", token="4cat_x")[0]
    ended = wait_for_end(ctx, asked.key)
    assert (ended.status, neighbour.asked) == (Status.FAILED, [])
    assert "not on the public internet" in ended.message


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"addresses": "https://example.org/"}, "addresses"),
        ({"addresses": "ftp://example.org/datasets/" + "0" * 32}, "addresses"),
        ({"addresses": "https://a:b@example.org/datasets/" + "0" * 32}, "addresses"),
        ({"addresses": "https://example.org/datasets/" + "0" * 32}, "token"),
        ({}, "file"),
    ],
)
def test_what_cannot_be_is_refused_at_once(ctx: Context, user: User, given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_capture(ctx, user, "import_4cat", given)
    assert set(refused.value.fields) == {field}
