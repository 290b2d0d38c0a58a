"""Backups and restores, by the commands that people use: real servers, real files, and what can go wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import Unavailable
from app.domain.user import User
from app.local.backup import make_backup
from app.local.backup_folder import list_backups, read_entries, read_manifest, write_manifest
from app.local.folder import read_secrets
from app.local.postgres_client import find_client
from app.local.servers import embedded_servers, find_servers
from app.plugins.registry import Registry
from app.services.context import Context, open_context
from app.services.dataset_bin import delete_dataset
from app.services.run import run_processor
from app.services.token import create_token
from app.services.upload import save_upload
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from app.storage.connection import connect
from app.storage.files import digest, open_files
from app.storage.migrate import list_migrations, migrate, pending
from tests.conftest import ROOT, Crew, Starter, finished_posts, import_posts, wait_for, wait_for_end
from tests.results import store_bytes

OWN = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "DATA_DIR", "SECRET_KEY", "PSEUDONYM_KEY")
OF_THE_DATABASE = ("users", "tokens", "settings", "uploads", "datasets", "dataset_logs", "schema_migrations")

LATER = (
    "INSERT INTO users (name) VALUES ('later')",
    "CREATE TABLE parted (source text, id bigint GENERATED ALWAYS AS IDENTITY) PARTITION BY LIST (source)",
    "CREATE TABLE parted_one PARTITION OF parted FOR VALUES IN ('one')",
    "CREATE VIEW names AS SELECT name FROM users",
    "CREATE FUNCTION one(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
)
"""What a later version may have added to a database."""


def cli(*arguments: object, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=200, check=False)


def done(found: subprocess.CompletedProcess[str]) -> str:
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def refused(found: subprocess.CompletedProcess[str]) -> str:
    assert found.returncode == 1, found.stdout + found.stderr
    assert found.stderr.startswith("4cat: "), found.stderr
    return found.stderr


def backup(to: Path, env: dict[str, str]) -> Path:
    """Make a backup; its folder."""
    done(cli("backup", to, env=env))
    return list_backups(to)[-1]


@pytest.fixture
def elsewhere(environment: dict[str, str]) -> dict[str, str]:
    """The environment of another installation, which runs its own servers in a data folder of its own."""
    return {name: value for name, value in environment.items() if name not in OWN}


@pytest.fixture
def target(servers: tuple[str, str], elsewhere: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of another installation, on an empty database whose owner may do nothing beyond it."""
    name = f"target_{os.urandom(4).hex()}"
    run_sql(servers[0], f"CREATE ROLE {name} LOGIN PASSWORD 'word'")
    run_sql(servers[0], f"CREATE DATABASE {name} OWNER {name}")
    place = servers[0].rpartition("@")[2].partition("/")[0]
    run_sql(f"{servers[0].rpartition('/')[0]}/{name}", "CREATE EXTENSION pg_trgm")
    url = f"postgresql://{name}:word@{place}/{name}"
    yield {**elsewhere, "DATABASE_URL": url, "REDIS_URL": servers[1], "DATA_DIR": str(tmp_path / "target")}
    run_sql(servers[0], f"DROP DATABASE {name} WITH (FORCE)")
    run_sql(servers[0], f"DROP ROLE {name}")


def run_sql(url: str, statement: str) -> list[Any]:
    opened = connect(url, name="test")
    try:
        opened.autocommit = True
        with opened.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        opened.close()


def rows(url: str, table: str, which: str = "true") -> list[str]:
    found = run_sql(url, f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE {which}")
    return sorted(row["row"] for row in found)


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """The files in a folder of results, with their sizes and checksums."""
    return {
        str(path.relative_to(folder)): digest(path)
        for place in ("datasets", "uploads")
        for path in (folder / place).rglob("*")
        if path.is_file()
    }


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A file system of its own, so small that it can be filled; gives a function that makes it larger."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this needs root, to mount a small disk")
    try:
        yield lambda larger: subprocess.run(["mount", "-o", f"remount,size={larger}", folder], check=True) and None
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def ask(ctx: Context, actor: User, key: str, way: str, mark: str = "", trace: Path | None = None) -> Dataset:
    options = {"way": way, "mark": mark, "seconds": 600, "trace": str(trace or "")}
    return run_processor(ctx, actor, key, "misbehave", options)[0]


class Busy:
    """An installation in the middle of its work, and what is in it."""

    def __init__(self, ctx: Context, admin: User, tmp_path: Path) -> None:
        self.top = wait_for_end(ctx, import_posts(ctx, admin).key)
        self.counted = wait_for_end(ctx, run_processor(ctx, admin, self.top.key, "count-posts", {})[0].key)
        self.failed = wait_for_end(ctx, ask(ctx, admin, self.top.key, "user-error").key)
        traces = [tmp_path / "one", tmp_path / "two"]
        self.running = [ask(ctx, admin, self.top.key, "stamps", str(trace), trace) for trace in traces]
        wait_for(lambda: all(trace.with_suffix(".stamps").exists() for trace in traces), "both to be at work", 60)
        self.waiting = ask(ctx, admin, self.top.key, "work", "its turn")
        self.blocked = ask(ctx, admin, self.running[0].key, "work", "its source")
        self.upload = save_upload(ctx, admin, "kept.csv", io.BytesIO(b"id,body\n1,tea\n"))
        self.cancelled = store_bytes(ctx, admin, tmp_path, Kind.PAGE, "page", "page.html", b"<p>kept</p>")
        run_sql(
            ctx.settings.database_url,
            "INSERT INTO jobs (type, remote_id, dataset, state, token, claimed, heartbeat, cancel_requested) VALUES"
            f" ('misbehave', 'old', '{self.cancelled.key}', 'running', 1, now(), now() + interval '1 day', now())",
        )
        create_token(ctx, admin, "a notebook")
        setting.put(ctx.database, "workers.histogram.max_workers", 3)

    @property
    def open(self) -> list[Dataset]:
        return [*self.running, self.waiting, self.blocked]


@pytest.fixture
def busy(ctx: Context, admin: User, start: Starter, tmp_path: Path) -> Busy:
    start("-m", "app.runner")
    start("scheduler.py")
    return Busy(ctx, admin, tmp_path)


def table_rows(url: str, table: str) -> list[str]:
    """The rows of a table, without those that a running installation keeps changing."""
    which = {
        "settings": "name NOT LIKE 'tick.ran.%'",
        "datasets": "status <> 'running'",
        "dataset_logs": "dataset IN (SELECT key FROM datasets WHERE ended IS NOT NULL)",
    }
    return rows(url, table, which.get(table, "true"))


def test_a_running_installation_is_saved_and_goes_on_elsewhere(
    ctx: Context, busy: Busy, environment: dict[str, str], elsewhere: dict[str, str], registry: Registry, tmp_path: Path
) -> None:
    old = {job.dataset: job for job in map(lambda made: jobs.for_dataset(ctx.database, made.key), busy.running) if job}
    before = {table: table_rows(ctx.settings.database_url, table) for table in OF_THE_DATABASE}

    said = done(cli("backup", tmp_path / "backups", env=environment))
    (made,) = list_backups(tmp_path / "backups")

    assert before == {table: table_rows(ctx.settings.database_url, table) for table in OF_THE_DATABASE}
    assert "Running at that moment, to be done anew when this is restored: 2\n" in said
    assert said.splitlines()[-1].startswith(f"{made}: datasets: 8, users: 1, files: ")
    for path in (made, made / "keys.json", made / "database.dump", made / "manifest.json"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0

    data = tmp_path / "elsewhere"
    said = done(cli("restore", made, "--data", data, env=elsewhere))
    assert "datasets: 8" in said
    assert "Waiting again, for they were running: 2\n" in said
    with embedded_servers(data) as (url, _):
        waiting = {f'"key": "{made.key}"' for made in busy.running}
        after = {table: table_rows(url, table) for table in OF_THE_DATABASE}
        again = [row for row in after["datasets"] if any(key in row for key in waiting)]
        after["datasets"] = [row for row in after["datasets"] if row not in again]
        assert after == before
        assert [json.loads(row)["status"] for row in again] == ["waiting", "waiting"]
        assert [json.loads(row)["message"][:14] for row in again] == ["Waiting again:"] * 2
        assert_waiting_again(url, old)
    assert contents(data / "storage") == {entry.name: (entry.size, entry.sha256) for entry in read_entries(made)}
    assert contents(data / "storage").items() <= contents(ctx.settings.data_dir / "storage").items()
    secrets = read_secrets(data)
    assert (secrets.secret_key, secrets.pseudonym_key) == (ctx.settings.secret_key, ctx.settings.pseudonym_key)

    assert_work_goes_on(data, busy, Crew(elsewhere, tmp_path), registry)


def assert_waiting_again(url: str, old: dict[str | None, jobs.Job]) -> None:
    """What ran at the moment of the backup waits, with its attempt not counted and its token worth nothing."""
    opened = {row["dataset"]: row for row in run_sql(url, "SELECT * FROM jobs WHERE interval IS NULL")}
    for dataset, job in old.items():
        now = opened[dataset]
        assert (now["state"], now["attempts"], now["token"], now["host"]) == ("waiting", job.attempts - 1, None, None)
        assert run_sql(url, f"SELECT 1 FROM jobs WHERE id = {job.id} AND token = {job.token}") == []
    assert not [row for row in run_sql(url, "SELECT * FROM jobs") if row["state"] == "rung"]


def assert_work_goes_on(data: Path, busy: Busy, crew: Crew, registry: Registry) -> None:
    """With a manager and a scheduler, all that was open ends, and the queue is empty."""
    crew.start("-m", "app.cli", "up", "--only", "worker", "--only", "scheduler", "--data", str(data))
    try:
        urls = wait_for(lambda: (data / "4cat.json").exists() and find_servers(data), "the restored tool", 60)
        keys = {"SECRET_KEY": "for tests " * 4, "PSEUDONYM_KEY": "for tests too " * 4, "DATA_DIR": str(data)}
        settings = Settings.from_env({"DATABASE_URL": urls[0], "REDIS_URL": urls[1], **keys})  # type: ignore[index]
        restored = open_context(settings, registry)
        try:
            for made in busy.open:
                ended = wait_for_end(restored, made.key, 90)
                assert (ended.status, ended.rows) == (Status.FINISHED, 3), ended
                assert all(restored.files.local(file).is_file() for file in ended.result.files.values())  # type: ignore[union-attr]
            left = "SELECT * FROM jobs WHERE interval IS NULL AND state <> 'failed'"
            wait_for(lambda: not restored.database.many(left), "the cancelled job to go", 60)
        finally:
            restored.close()
    finally:
        crew.stop()


@pytest.fixture
def saved(ctx: Context, admin: User, environment: dict[str, str], tmp_path: Path) -> Path:
    """A backup of an installation with one dataset."""
    finished_posts(ctx, admin)
    return backup(tmp_path / "backups", environment)


def test_from_s3_into_a_folder_and_back(
    ctx: Context, admin: User, environment: dict[str, str], elsewhere: dict[str, str], s3: str, tmp_path: Path
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    address = s3.replace("some/prefix", f"backup-{os.urandom(4).hex()}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys.items():
            patch.setenv(name, value)
        in_s3 = replace(ctx, files=open_files(address, tmp_path / "cache"))
        finished_posts(in_s3, admin)
        large = os.urandom(3_000_000)
        store_bytes(in_s3, admin, tmp_path, Kind.PAGE, "page", "large.bin", large)

        first = backup(tmp_path / "backups", {**environment, **keys, "STORAGE_URL": address})
        done(cli("restore", first, "--data", tmp_path / "folder", env=elsewhere))
        found = contents(tmp_path / "folder" / "storage")
        assert len(found) == 2
        assert found == {entry.name: (entry.size, entry.sha256) for entry in read_entries(first)}

        second = backup(tmp_path / "more", {**elsewhere, "DATA_DIR": str(tmp_path / "folder")})
        other = f"{address.split('?')[0]}-other?{address.split('?')[1]}"
        done(cli("restore", second, "--data", tmp_path / "b", env={**elsewhere, **keys, "STORAGE_URL": other}))
        store = open_files(other, tmp_path / "cache")
        assert {name: len(b"".join(store.read(name))) for name in found} == {name: found[name][0] for name in found}
        assert not (tmp_path / "b" / "storage").exists()


def test_a_second_backup_links_what_the_first_has_and_old_ones_go(
    ctx: Context, admin: User, saved: Path, environment: dict[str, str]
) -> None:
    (entry,) = read_entries(saved)
    finished_posts(ctx, admin)

    second = backup(saved.parent, environment)
    assert (second / entry.place).stat().st_ino == (saved / entry.place).stat().st_ino
    assert len(list(read_entries(second))) == 2

    said = done(cli("backup", saved.parent, "--keep", "1", env=environment))
    assert f"Deleted the older backup {saved.name}.\n" in said
    (third,) = list_backups(saved.parent)
    assert "is whole; files: 2." in done(cli("restore", third, "--check", env=environment))


@pytest.mark.parametrize("part", ["manifest.json", "database.dump", "files.ndjson", "keys.json", "files", "gone"])
def test_a_damaged_backup_is_refused_and_what_is_damaged_named(
    saved: Path, elsewhere: dict[str, str], tmp_path: Path, part: str
) -> None:
    (entry,) = read_entries(saved)
    name = entry.place if part in ("files", "gone") else part
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    if part == "gone":
        (saved / name).unlink()

    for more in (["--check"], ["--data", tmp_path / "new"]):
        assert name in refused(cli("restore", saved, *more, env=elsewhere))
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_version_is_refused(saved: Path, elsewhere: dict[str, str], tmp_path: Path) -> None:
    manifest = read_manifest(saved)
    changes = (
        {"version": "99.1.0"},
        {"version": "99.1.0", "migrations": {**manifest.migrations, "0999_move_on": "0" * 64}},
        {"version": "99.1.0", "format": 2},
    )
    for change in changes:
        write_manifest(saved, replace(manifest, **change))
        said = refused(cli("restore", saved, "--data", tmp_path / "new", env=elsewhere))
        assert "made by 4CAT 99.1.0" in said
        assert "Restore it with 4CAT 99.1.0" in said
        assert ("0999_move_on" in said) == ("migrations" in change)
    assert not (tmp_path / "new").exists()


def test_a_backup_of_an_older_version_is_brought_up_to_date(
    target: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    first, *later = list_migrations()
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / f"{first.name}.sql").write_text(first.sql)
    migrate(target["DATABASE_URL"], tmp_path / "sql")
    run_sql(target["DATABASE_URL"], "INSERT INTO users (name) VALUES ('ann')")
    keys = {"SECRET_KEY": "an older key, long enough", "PSEUDONYM_KEY": "another older key, long enough"}
    made = backup(tmp_path / "backups", {**target, **keys})
    assert list(read_manifest(made).migrations) == [first.name]

    said = done(cli("restore", made, "--data", tmp_path / "new", env=elsewhere))
    assert f"Applied {', '.join(migration.name for migration in later)}.\n" in said
    with embedded_servers(tmp_path / "new") as (url, _):
        assert len(rows(url, "users")) == 1
        assert pending(url) == []


def test_only_what_is_empty_is_restored_into(ctx: Context, saved: Path, target: dict[str, str]) -> None:
    done(cli("restore", saved, env=target))
    for statement in LATER:
        run_sql(target["DATABASE_URL"], statement)
    before = rows(target["DATABASE_URL"], "users")

    said = refused(cli("restore", saved, env=target))
    assert "not empty: it has rows in datasets (1), users (2). Restore into an empty one" in said
    assert "--replace" in said
    assert rows(target["DATABASE_URL"], "users") == before

    said = done(cli("restore", saved, "--replace", env=target))
    assert "users: 1" in said
    assert rows(target["DATABASE_URL"], "users") == rows(ctx.settings.database_url, "users")
    left = "relname IN ('parted', 'parted_one', 'parted_id_seq', 'names')"
    assert rows(target["DATABASE_URL"], "pg_class", left) == rows(target["DATABASE_URL"], "pg_proc", "proname = 'one'")
    assert rows(target["DATABASE_URL"], "pg_class", left) == []


def test_storage_with_files_of_others_is_refused(saved: Path, target: dict[str, str], tmp_path: Path) -> None:
    stray = tmp_path / "target" / "storage" / "datasets" / "theirs" / "table.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"not ours")

    assert "it holds 1 files that are not of this backup, such as datasets/theirs/table.parquet" in refused(
        cli("restore", saved, env=target)
    )
    assert stray.read_bytes() == b"not ours"
    assert rows(target["DATABASE_URL"], "pg_tables", "schemaname = 'public'") == []


def test_a_database_of_something_else_is_never_replaced(saved: Path, target: dict[str, str]) -> None:
    run_sql(target["DATABASE_URL"], "CREATE TABLE books (title text)")
    assert "is not 4CAT's: it holds the tables books" in refused(cli("restore", saved, "--replace", env=target))
    assert rows(target["DATABASE_URL"], "books") == []


def test_an_installation_at_work_is_not_replaced(ctx: Context, saved: Path, environment: dict[str, str]) -> None:
    ctx.database.one("SELECT 1 AS one")
    said = refused(cli("restore", saved, "--replace", env=environment))
    assert "4CAT is at work on this database (4cat" in said


def test_another_pseudonym_key_is_refused(saved: Path, target: dict[str, str]) -> None:
    keys = json.loads((saved / "keys.json").read_text())
    said = refused(cli("restore", saved, env={**target, "PSEUDONYM_KEY": "another key, long enough"}))
    assert "PSEUDONYM_KEY is not the key of this backup" in said
    assert keys["PSEUDONYM_KEY"] not in said
    same = {"PSEUDONYM_KEY": keys["PSEUDONYM_KEY"], "SECRET_KEY": "another key, long enough"}
    assert "everybody has to sign in again" in done(cli("restore", saved, env={**target, **same}))


@pytest.mark.parametrize("size", ["32k", "1m"], ids=["full at the dump", "full at the files"])
def test_a_full_disk_leaves_no_backup_that_looks_whole(
    ctx: Context, admin: User, environment: dict[str, str], tmp_path: Path, size: str
) -> None:
    finished_posts(ctx, admin)
    store_bytes(ctx, admin, tmp_path, Kind.PAGE, "page", "large.bin", os.urandom(3_000_000))
    disk = tmp_path / "disk"
    with small_disk(disk, size) as enlarge:
        assert "No space left on device" in refused(cli("backup", disk / "backups", env=environment))
        assert list_backups(disk / "backups") == []
        for left in (disk / "backups").glob("*.unfinished"):
            assert "was not finished" in refused(cli("restore", left, "--check", env=environment))

        enlarge("32m")
        made = backup(disk / "backups", environment)
        assert "is whole; files: 2." in done(cli("restore", made, "--check", env=environment))
        assert [path.name for path in (disk / "backups").iterdir()].count(".lock") == 1
        assert list((disk / "backups").glob("*.unfinished")) == []


def test_what_is_deleted_between_dump_and_copy_is_named_and_no_error(
    ctx: Context, admin: User, environment: dict[str, str], elsewhere: dict[str, str], tmp_path: Path
) -> None:
    kept = finished_posts(ctx, admin)
    gone = store_bytes(ctx, admin, tmp_path, Kind.PAGE, "page", "page.html", b"soon gone")

    def delete_after_the_dump(line: str) -> None:
        if line.startswith("Database"):
            delete_dataset(ctx, admin, gone.key)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        made = make_backup(None, tmp_path / "backups", None, delete_after_the_dump)

    (missing,) = made.manifest.missing
    assert (missing.whose, missing.is_lost) == (gone.key, False)
    assert "Files that were not in the backup (their datasets say so): 1" in done(
        cli("restore", made.folder, "--data", tmp_path / "new", env=elsewhere)
    )
    with embedded_servers(tmp_path / "new") as (url, _):
        found = {row["key"]: row for row in run_sql(url, "SELECT key, status, message, result FROM datasets")}
    assert (found[kept.key]["status"], found[gone.key]["status"]) == ("finished", "failed")
    assert "it was deleted while the backup was made. Run it again." in found[gone.key]["message"]


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_what_storage_has_lost_is_an_error_and_named(
    ctx: Context, admin: User, environment: dict[str, str], tmp_path: Path, how: str
) -> None:
    finished_posts(ctx, admin)
    lost = store_bytes(ctx, admin, tmp_path, Kind.PAGE, "page", "page.html", b"soon lost")
    path = ctx.files.local(lost.result.files["page"])  # type: ignore[union-attr]
    path.write_bytes(b"something else") if how == "changed" else path.unlink()

    found = cli("backup", tmp_path / "backups", env=environment)
    why = {"gone": "it is gone from storage", "changed": "its content in storage is not what was stored"}[how]
    assert found.returncode == 1
    assert f"LOST: datasets/{lost.key}/1/page.html is not in the backup: {why}.\n" in found.stdout
    (made,) = list_backups(tmp_path / "backups")
    assert "is whole; files: 1." in done(cli("restore", made, "--check", env=environment))


def test_a_restore_that_was_broken_off_is_repeated(
    ctx: Context, admin: User, environment: dict[str, str], target: dict[str, str], tmp_path: Path
) -> None:
    for _ in range(3):
        store_bytes(ctx, admin, tmp_path, Kind.PAGE, "page", "large.bin", os.urandom(1_000_000))
    saved = backup(tmp_path / "backups", environment)
    disk = tmp_path / "disk"
    with small_disk(disk, "2m") as enlarge:
        into = {**target, "STORAGE_URL": disk.as_uri()}
        assert "could not be" in refused(cli("restore", saved, env=into))
        assert rows(target["DATABASE_URL"], "pg_tables", "schemaname = 'public'") == []
        enlarge("8m")
        assert "datasets: 3" in done(cli("restore", saved, env=into))
        assert contents(disk) == {entry.name: (entry.size, entry.sha256) for entry in read_entries(saved)}


def test_a_restore_that_is_killed_in_the_database_leaves_it_as_it_was(saved: Path, target: dict[str, str]) -> None:
    url = target["DATABASE_URL"]
    done(cli("restore", saved, env=target))
    run_sql(url, "INSERT INTO users (name) VALUES ('later')")
    before = {table: rows(url, table) for table in (*OF_THE_DATABASE, "jobs")}
    holding = connect(url, name="test")
    with holding.cursor() as cursor:
        cursor.execute("SELECT * FROM users")
    command = [sys.executable, "-m", "app.cli", "restore", str(saved), "--replace"]
    restoring = subprocess.Popen(command, cwd=ROOT, env=target, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    wait_for(lambda: run_sql(url, waits), "the restore to wait for a lock")
    restoring.send_signal(signal.SIGKILL)
    restoring.communicate()
    holding.close()

    busy = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'backup' AND datname = current_database()"
    wait_for(lambda: not run_sql(url, busy), "its connection to end")
    assert {table: rows(url, table) for table in before} == before
    assert "users: 1" in done(cli("restore", saved, "--replace", env=target))


def test_a_folder_without_an_installation_is_not_backed_up(elsewhere: dict[str, str], tmp_path: Path) -> None:
    said = refused(cli("backup", tmp_path / "backups", "--data", tmp_path / "nothing", env=elsewhere))
    assert "there is no installation in it" in said
    assert not (tmp_path / "nothing").exists()


def test_a_database_without_an_installation_is_not_backed_up(target: dict[str, str], tmp_path: Path) -> None:
    keys = {"SECRET_KEY": "a key that is long enough", "PSEUDONYM_KEY": "another that is long enough"}
    said = refused(cli("backup", tmp_path / "backups", env={**target, **keys}))
    assert "holds no installation of 4CAT" in said
    assert list_backups(tmp_path / "backups") == []


def test_the_folder_of_backups_is_not_a_backup(saved: Path, elsewhere: dict[str, str]) -> None:
    said = refused(cli("restore", saved.parent, "--check", env=elsewhere))
    assert f"name one: {saved.name}." in said


def test_client_programs_that_are_too_old_are_named() -> None:
    with pytest.raises(Unavailable, match=r"of PostgreSQL 999 or newer are needed, for a test\. Found: \d+"):
        find_client(999, "a test")


def test_how_many_to_keep_must_be_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["backup", "there", "--keep", "0"])
    assert "'0' is not a number of backups. Give 1 or more." in capsys.readouterr().err


def test_every_file_that_the_clean_up_spares_is_in_the_backup(
    ctx: Context, busy: Busy, environment: dict[str, str], tmp_path: Path
) -> None:
    from workers.clean_up_files import CleanUpFiles

    made = backup(tmp_path / "backups", environment)
    assert {entry.name for entry in read_entries(made)} == CleanUpFiles._used_names(ctx)  # type: ignore[arg-type]
    assert datasets.get(ctx.database, busy.top.key).status is Status.FINISHED
