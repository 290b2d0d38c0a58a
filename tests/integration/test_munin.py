"""The plugins for munin, run by the real `munin-run` against a real web process."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from app.storage import dataset as datasets
from tests.conftest import ROOT, Starter
from tests.results import new_dataset
from tests.serving import serve

PLUGINS = ROOT / "extras" / "munin_plugins"
NAMES = ("scraped_hour", "deleted_hour", "job_age", "job_all", "queries_hour", "queries_day", "workers")
MUNIN = shutil.which("munin-run", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
Munin = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.skipif(MUNIN is None, reason="munin-run is not installed (Debian's munin-node)")


@pytest.fixture
def url(ctx: Context, start: Starter) -> str:
    """A web process with something to count."""
    return serve(start, WEB_PROCESSES="1", TRUSTED_PROXIES="1")


@pytest.fixture
def munin(tmp_path: Path) -> Munin:
    """Run a plugin as munin does: `munin("workers", "config", url="http://...")`."""
    for folder in ("plugins", "settings", "state"):
        (tmp_path / folder).mkdir()
    for name in NAMES:
        (tmp_path / "plugins" / f"4cat_{name}").symlink_to(PLUGINS / f"4cat_{name}")
    (tmp_path / "node.conf").write_text("user root\ngroup root\nhost_name test\n")

    def run(name: str, *wish: str, **settings: str) -> subprocess.CompletedProcess[str]:
        lines = [f"env.{key} {value}" for key, value in settings.items()]
        (tmp_path / "settings" / "4cat").write_text("\n".join(["[4cat_*]", f"user {os.getuid()}", *lines]) + "\n")
        assert MUNIN is not None
        command = [MUNIN, "--config", tmp_path / "node.conf", "--servicedir", tmp_path / "plugins"]
        command += ["--sconfdir", tmp_path / "settings", "--ignore-systemd-properties", f"4cat_{name}", *wish]
        environment = {**os.environ, "MUNIN_PLUGSTATE": str(tmp_path / "state")}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


def values(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def test_every_plugin_gives_values_for_what_it_configures(ctx: Context, user: User, url: str, munin: Munin) -> None:
    count_something(ctx, user)
    found = {}
    for name in NAMES:
        config = values(munin(name, "config", url=url))
        now = values(munin(name, url=url))
        assert config["graph_category"] == "4cat"
        assert {"graph_title", "graph_vlabel", "graph_info"} <= set(config)
        fields = {key.removesuffix(".label") for key in config if key.endswith(".label")}
        assert fields == {key.removesuffix(".value") for key in now}
        assert all(re.fullmatch(r"[A-Za-z_]\w*", field) for field in fields)
        assert all(re.fullmatch(r"\d+(\.\d+)?", value) for value in now.values()), now
        found[name] = now
        limits = {key: value for key, value in config.items() if key.endswith((".warning", ".critical"))}
        assert limits == LIMITS[name]
    assert found["scraped_hour"] == {"fourchan.value": "3", "eightkun.value": "0", "total.value": "3"}
    assert found["deleted_hour"]["fourchan.value"] == "1"
    assert found["queries_hour"] == {"queries.value": "1"}
    assert found["queries_day"] == {"queries.value": "2"}
    assert found["job_all"]["count_posts.value"] == "2"
    assert float(found["job_age"]["overall.value"]) >= 3600
    assert float(found["job_age"]["count_posts.value"]) >= 3600
    assert found["workers"]["total.value"] == "5"
    assert found["workers"]["count_posts.value"] == "3"


LIMITS: dict[str, dict[str, str]] = {
    "scraped_hour": {"total.warning": "500:20000", "total.critical": "250:30000"},
    "deleted_hour": {},
    "job_age": {"overall.warning": ":800", "overall.critical": ":1800"},
    "job_all": {"total.warning": "100:15000", "total.critical": "50:20000"},
    "queries_hour": {"queries.warning": "1250", "queries.critical": "2500"},
    "queries_day": {},
    "workers": {"total.critical": "3:50"},
}


def count_something(ctx: Context, user: User) -> None:
    """Three posts, two datasets, two jobs and five workers."""
    with ctx.database.transaction() as tx:
        tx.run("TRUNCATE imageboard_posts, imageboard_coverage")
        tx.run(
            "INSERT INTO imageboard_coverage (source, board, began, ended, outcome, interval) VALUES"
            " ('fourchan', 'g', now() - interval '3 hours', now(), 'read', 60),"
            " ('eightkun', 'pnd', now() - interval '9 days', now() - interval '8 days', 'read', 60)"
        )
        tx.run(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen, deleted) SELECT 'fourchan',"
            " 'g', n, 1, now() - make_interval(mins => n * 15), now(), CASE WHEN n = 2 THEN now() END"
            " FROM generate_series(1, 3) n"
        )
        tx.run(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen)"
            " VALUES ('fourchan', 'g', 9, 1, now() - interval '2 hours', now())"
        )
        for age in (0, 10):
            made = new_dataset(user)
            datasets.insert(tx, made)
            tx.run(
                "UPDATE datasets SET created = now() - make_interval(hours => %(age)s) WHERE key = %(key)s",
                age=age,
                key=made.key,
            )
        for number in range(2):
            tx.run(
                "INSERT INTO jobs (type, remote_id, queued, claim_after) VALUES ('count-posts', %(number)s,"
                " now() - interval '1 hour', now() - interval '1 hour')",
                number=str(number),
            )
    for name, workers in (("one", {"count-posts": 1}), ("two", {"count-posts": 2, "histogram": 2})):
        facts = {"host": name, "pid": 1, "started": 0, "version": "1", "queues": [], "workers": workers}
        ctx.bell.client.set(f"{ctx.bell.prefix}:manager:{name}", json.dumps(facts))


def test_limits_can_be_set_and_left_out(ctx: Context, url: str, munin: Munin) -> None:
    config = values(munin("workers", "config", url=url, total_critical="1:9", histogram_warning="4"))
    assert config["total.critical"] == "1:9"
    assert config["histogram.warning"] == "4"
    assert "total.critical" not in values(munin("workers", "config", url=url, total_critical="none"))


def test_it_says_whether_it_can_be_used(ctx: Context, user: User, url: str, munin: Munin) -> None:
    assert munin("workers", "autoconf", url=url).stdout == "yes\n"
    assert munin("workers", "suggest", url=url).stdout == ""
    assert munin("workers", "autoconf", url="http://127.0.0.1:9").stdout.startswith("no (")
    away = munin("workers", url="http://127.0.0.1:9")
    assert away.returncode != 0
    assert "does not answer" in away.stderr
    wrong = munin("workers", url=url, token="wrong")
    assert wrong.returncode != 0
    assert "401; set env.token" in wrong.stderr
    token = create_token(ctx, user, "munin", read_only=True)[1]
    assert "total.value" in values(munin("workers", url=url, token=token))
