"""The embedded servers: real PostgreSQL and Redis in a folder, through everything that happens to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from app.domain.errors import Conflict, SettingsError, Unavailable
from app.local.folder import read_secrets
from app.local.identity import become, list_identities
from app.local.postgres import Postgres
from app.local.servers import EmbeddedServers, embedded_servers, find_servers

ROOT = Path(__file__).parents[2]
OWNER = """
import sys, time
from pathlib import Path
from app.local.servers import embedded_servers
with embedded_servers(Path(sys.argv[1])) as urls:
    print(*urls, flush=True)
    time.sleep(600)
"""


def put(urls: tuple[str, str], text: str) -> None:
    with psycopg2.connect(urls[0]) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        cursor.execute("INSERT INTO kept VALUES (%s)", (text,))
    connection.close()
    with redis.Redis.from_url(urls[1]) as client:
        client.set("kept", text)


def kept(urls: tuple[str, str]) -> tuple[list[str], str | None]:
    with psycopg2.connect(urls[0]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT text FROM kept ORDER BY text")
        rows = [row[0] for row in cursor.fetchall()]
    connection.close()
    with redis.Redis.from_url(urls[1], decode_responses=True) as client:
        return rows, client.get("kept")


def own_in_other_process(folder: Path, **how) -> tuple[subprocess.Popen, tuple[str, str]]:
    command = [sys.executable, "-c", OWNER, str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **how)
    database_url, redis_url = process.stdout.readline().split()
    return process, (database_url, redis_url)


def working_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def kill(victims: list[psutil.Process]) -> None:
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()


def wait_until_nobody_works_in(folder: Path) -> None:
    deadline = time.monotonic() + 15
    while working_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert working_in(folder) == []


def test_they_keep_what_they_are_given_and_their_ports(tmp_path):
    with embedded_servers(tmp_path / "data") as urls:
        put(urls, "here")
    with embedded_servers(tmp_path / "data") as again:
        assert again == urls
        assert kept(again) == (["here"], "here")
    assert working_in(tmp_path) == []


def test_the_database_speaks_unicode_and_redis_forgets_nothing(tmp_path):
    with embedded_servers(tmp_path) as (database_url, redis_url):
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT upper('éß ø'), current_setting('server_encoding'), current_setting('fsync')")
            assert cursor.fetchone() == ("Éß Ø", "UTF8", "on")
        connection.close()
        with redis.Redis.from_url(redis_url, decode_responses=True) as client:
            asked = {name: client.config_get(name)[name] for name in ("appendonly", "maxmemory-policy", "save")}
    assert asked == {"appendonly": "yes", "maxmemory-policy": "noeviction", "save": ""}


def test_nobody_comes_in_without_the_password(tmp_path):
    with embedded_servers(tmp_path) as (database_url, redis_url):
        secrets = read_secrets(tmp_path)
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(database_url.replace(secrets.database_password, "guess"))
        guessing = redis.Redis.from_url(redis_url.replace(secrets.redis_password, "guess"))
        with guessing as client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_the_folder_is_private(tmp_path):
    folder = tmp_path / "data"
    with embedded_servers(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("secrets.json", "servers.json", "redis/valkey.conf"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_two_folders_do_not_meet(tmp_path):
    with embedded_servers(tmp_path / "one") as one, embedded_servers(tmp_path / "two") as two:
        put(one, "one")
        put(two, "two")
        assert kept(one) == (["one"], "one")
        assert kept(two) == (["two"], "two")


def test_a_second_start_in_a_folder_is_refused_and_can_find_the_first(tmp_path):
    with embedded_servers(tmp_path) as urls:
        with pytest.raises(Conflict, match=f"already runs in .* \\(process {os.getpid()}\\)"):
            EmbeddedServers(tmp_path).start(patience=0.2)
        assert find_servers(tmp_path) == urls
    assert find_servers(tmp_path) is None


def test_servers_die_with_a_killed_owner_and_start_again(tmp_path):
    process, urls = own_in_other_process(tmp_path)
    put(urls, "before")
    process.kill()
    process.communicate()
    with embedded_servers(tmp_path) as again:
        assert kept(again) == (["before"], "before")


def test_kill_everything_and_start_again(tmp_path):
    process, urls = own_in_other_process(tmp_path)
    put(urls, "before")
    time.sleep(1.2)  # Redis writes to disk every second
    kill([*working_in(tmp_path), psutil.Process(process.pid)])
    process.communicate()
    assert (tmp_path / "postgresql" / "postmaster.pid").exists()
    with embedded_servers(tmp_path) as again:
        assert kept(again) == (["before"], "before")


def test_a_lock_file_that_names_somebody_elses_process_does_no_harm(tmp_path):
    with embedded_servers(tmp_path) as urls:
        put(urls, "kept")
    folder = tmp_path / "postgresql"
    (folder / "postmaster.pid").write_text(f"{os.getppid()}\n{folder}\n1\n1\n\n127.0.0.1\n1 1\nready\n")
    with embedded_servers(tmp_path) as again:
        assert kept(again) == (["kept"], "kept")


@pytest.mark.parametrize("which", ["postgresql", "redis"])
def test_a_server_that_dies_is_started_again_at_its_place(tmp_path, which):
    servers = EmbeddedServers(tmp_path)
    urls = servers.start()
    try:
        put(urls, "before")
        time.sleep(1.2)
        assert servers.keep_alive() == []
        kill(working_in(tmp_path / which))
        deadline = time.monotonic() + 60
        while not (started := servers.keep_alive()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert started == [{"postgresql": "PostgreSQL", "redis": "Redis"}[which]]
        assert kept(urls) == (["before"], "before")
    finally:
        servers.stop()


def test_a_port_that_is_taken_is_replaced(tmp_path):
    import socket

    with embedded_servers(tmp_path) as urls:
        put(urls, "kept")
        port = int(urls[0].rsplit(":", 1)[1].split("/")[0])
    with socket.create_server(("127.0.0.1", port)), embedded_servers(tmp_path) as again:
        assert again[0] != urls[0]
        assert kept(again) == (["kept"], "kept")


def test_a_database_of_another_version_is_refused(tmp_path):
    with embedded_servers(tmp_path):
        pass
    (tmp_path / "postgresql" / "PG_VERSION").write_text("9\n")
    with pytest.raises(Unavailable, match="made by PostgreSQL 9"):
        EmbeddedServers(tmp_path).start()
    assert find_servers(tmp_path) is None


def test_a_half_made_database_is_made_anew(tmp_path):
    (tmp_path / "postgresql.unfinished" / "base").mkdir(parents=True)
    with embedded_servers(tmp_path) as urls:
        put(urls, "here")
    assert not (tmp_path / "postgresql.unfinished").exists()


def test_lost_secrets_are_not_replaced_in_silence(tmp_path):
    with embedded_servers(tmp_path):
        pass
    (tmp_path / "secrets.json").unlink()
    with pytest.raises(Unavailable, match="another password"):
        EmbeddedServers(tmp_path).start()
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(SettingsError, match=r"secrets\.json, which cannot be read"):
        EmbeddedServers(tmp_path)


def test_a_given_address_is_used_and_its_server_not_started(tmp_path):
    servers = EmbeddedServers(tmp_path, database_url="postgresql://elsewhere/x")
    try:
        assert servers.start()[0] == "postgresql://elsewhere/x"
        assert not (tmp_path / "postgresql").exists()
    finally:
        servers.stop()


def test_a_long_path_with_odd_letters(tmp_path):
    folder = tmp_path / ("deep " * 20) / ('"é' * 20)
    with embedded_servers(folder) as urls:
        put(urls, "here")
        assert kept(urls) == (["here"], "here")


@pytest.mark.parametrize("number", range(2))
def test_every_way_of_running_for_this_user(tmp_path, number):
    ways = list_identities()
    if number >= len(ways):
        pytest.skip("this user has one way only")
    folder = tmp_path / "data" / "postgresql"
    folder.parent.mkdir(mode=0o700)
    server = Postgres(folder, tmp_path / "log", "word")
    try:
        server.start(identity=ways[number])
        psycopg2.connect(server.url).close()
        assert folder.stat().st_uid == ways[number].owner
        server.stop()
        server.start(identity=ways[0])
        psycopg2.connect(server.url).close()
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("uid", [65_534, 12_345], ids=["nobody", "a user without an entry"])
def test_as_another_user(tmp_path, uid):
    folder = Path("/var/tmp") / f"4cat-test-{os.getpid()}-{uid}"
    folder.mkdir(mode=0o700)
    os.chown(folder, uid, uid)
    try:
        process, urls = own_in_other_process(folder, preexec_fn=lambda: become(uid, uid))
        put(urls, "here")
        process.send_signal(signal.SIGINT)
        process.communicate()
        wait_until_nobody_works_in(folder)
        assert (folder / "postgresql").stat().st_uid == uid
    finally:
        shutil.rmtree(folder)
