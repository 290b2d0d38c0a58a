"""Sphinx's real programs: set up as an operator does, posts that change, and what is said when it cannot be asked."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
import pytest

from app.domain.dataset import Status
from app.domain.user import User
from app.plugins import Period, SourceError
from app.plugins.validation import load
from app.runner.schedule import declare
from app.services.context import Context
from app.services.dataset import cancel_dataset, create_capture
from app.storage import dataset as datasets
from app.storage import setting
from datasources._imageboard.query import parse, tokens
from datasources._imageboard.query.sphinx import _CAPITALS, is_indexed
from datasources._imageboard.search import Asked, PostgreSQLEngine, SphinxEngine, read_asked
from datasources._imageboard.sphinx.builds import settled_bounds
from datasources._imageboard.sphinx.configuration import all_sources, sphinx_sources, write_configuration
from datasources._imageboard.sphinx.indexing import Indexer
from datasources._imageboard.sphinx.server import Narrowed, SphinxServer
from datasources.fourchan import FourChan
from tests.board_posts import FOUND_WITH_STARS, WITH_STARS, Here, keep, post
from tests.conftest import ROOT, Starter, wait_for, wait_for_end
from tests.sphinx import Sphinx, free_address, needs_sphinx, sphinx_for

pytestmark = needs_sphinx


@pytest.fixture
def sphinx(ctx: Context, tmp_path: Path) -> Iterator[Sphinx]:
    """Sphinx chosen for fourchan; not yet started."""
    with sphinx_for(ctx, tmp_path, "fourchan") as found:
        yield found


def change(ctx: Context, number: int, text: str) -> None:
    """Let a post say something else."""
    with ctx.database.transaction() as tx:
        tx.run(
            "INSERT INTO imageboard_versions (source, board, id, seen, body)"
            " SELECT source, board, id, clock_timestamp(), body FROM imageboard_posts WHERE id = %(id)s",
            id=number,
        )
        tx.run(
            "UPDATE imageboard_posts SET body = %(text)s, body_words = %(words)s WHERE id = %(id)s",
            text=text,
            words=f" {text} ",
            id=number,
        )


def test_stars_beside_punctuation(ctx: Context, sphinx: Sphinx, tmp_path: Path) -> None:
    keep(ctx, [post(number, body) for number, body in WITH_STARS.items()])
    assert sphinx.index("main") == []
    sphinx.start()
    here = Here(ctx, tmp_path, sphinx.settings)
    expected = {query: sorted(found) for query, found in FOUND_WITH_STARS if found is not None}
    assert {query: here(body_match=query) for query in expected} == expected


def test_posts_are_found_whether_they_are_indexed_or_not(ctx: Context, sphinx: Sphinx, tmp_path: Path) -> None:
    keep(ctx, [post(1, "hot coffee"), post(2, "cold tea", subject="coffee")])
    assert sphinx.index("delta") == ["fourchan: there is no main index yet, which index-board-posts makes"]
    assert sphinx.index("main") == []
    sphinx.start()
    here = Here(ctx, tmp_path, sphinx.settings)
    assert here(body_match="coffee") == [1]
    assert here(body_match="tea", subject_match="coffee") == [2]

    keep(ctx, [post(3, "more coffee"), post(4, "more tea")])
    assert here(body_match="coffee") == [1, 3]
    for part in ("delta", "main", "delta"):
        sphinx.index(part)
        assert here(body_match="coffee") == [1, 3]
        assert here(body_match="hot", search_scope="full-threads") == [1, 2, 3, 4]
    keep(ctx, [post(5, "coffee again")])
    assert here(body_match="coffee") == [1, 3, 5]


@pytest.mark.parametrize(
    ("query", "found", "looks_up"),
    [("coffee", [1, 2, 3], True), ("hot coffee", [1, 3], True), ('"hot coffee"', [1], False), ("^more", [3], False)],
)
def test_words_of_very_many_posts_are_left_to_the_database(
    ctx: Context, sphinx: Sphinx, monkeypatch: pytest.MonkeyPatch, query: str, found: list[int], looks_up: bool
) -> None:
    keep(ctx, [post(1, "hot coffee"), post(2, "coffee"), post(3, "more coffee, not hot"), post(4, "tea")])
    sphinx.index("main")
    sphinx.start()
    asked = read_asked("fourchan", load(FourChan.Options, {"body_match": query}), FourChan.flag_groups)
    looked_up: list[Asked] = []
    find = PostgreSQLEngine.find

    def note(engine: PostgreSQLEngine, asked: Asked, *rest: Any) -> Iterator[list[int]]:
        looked_up.append(asked)
        return find(engine, asked, *rest)

    monkeypatch.setattr(PostgreSQLEngine, "find", note)
    engine = SphinxEngine("fourchan", sphinx.address, many=0)
    numbers = [number for some in engine.find(asked, ctx.database, 10) for number in some]
    rows = ctx.database.many("SELECT id, number FROM imageboard_posts")
    assert [row["id"] for row in rows if row["number"] in numbers] == found
    assert bool(looked_up) is looks_up


def test_posts_that_have_changed_since_are_found_by_what_they_say_now(
    ctx: Context, sphinx: Sphinx, tmp_path: Path
) -> None:
    keep(ctx, [post(1, "hot coffee"), post(2, "cold tea"), post(3, "more coffee")])
    sphinx.index("main")
    sphinx.start()
    here = Here(ctx, tmp_path, sphinx.settings)

    change(ctx, 1, "hot milk")
    change(ctx, 2, "cold coffee")
    ctx.database.run("UPDATE imageboard_posts SET deleted = now() WHERE id = 3")

    assert here(body_match="coffee") == [2]
    assert here(body_match="coffee", get_deleted=True) == [2, 3]
    assert here(body_match="milk") == [1]
    sphinx.index("main")
    assert here(body_match="milk | coffee", get_deleted=True) == [1, 2, 3]
    ctx.database.run("UPDATE imageboard_posts SET deleted = NULL")
    assert here(body_match="coffee") == [2, 3]


def test_a_post_that_is_committed_late_is_waited_for(ctx: Context, sphinx: Sphinx, tmp_path: Path) -> None:
    late = psycopg2.connect(ctx.settings.database_url)
    with late.cursor() as cursor:
        cursor.execute(
            "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen, body_words)"
            " VALUES ('fourchan', 'pol', 1, 1, now(), now(), ' late coffee ')"
        )
        keep(ctx, [post(2, "coffee in time")])
        assert settled_bounds(ctx.database, 0.3) is None
        committing = threading.Timer(0.5, late.commit)
        committing.start()
        assert sphinx.index("main") == []
    committing.join()
    late.close()
    sphinx.start()
    found = SphinxServer("fourchan", sphinx.address).portion("main", Narrowed("coffee"), 0, 10)
    rows = ctx.database.many("SELECT number FROM imageboard_posts ORDER BY number")
    assert list(found) == [row["number"] for row in rows]
    assert len(found) == 2


def test_every_letter_that_occurs_in_words_is_one(ctx: Context, sphinx: Sphinx) -> None:
    letters = {word for code in range(0x20, 0x10000) for word in tokens(chr(code))}
    words = [f"q{letter}q" for letter in sorted(letters) if is_indexed(letter)]
    assert len(words) > 40_000
    pages = [words[start : start + 200] for start in range(0, len(words), 200)]
    keep(ctx, [post(number, " ".join(page)) for number, page in enumerate(pages, 1)])
    ctx.database.run("UPDATE imageboard_posts SET body_words = ' ' || body || ' '")  # as if they were one word each
    sphinx.index("main")
    sphinx.start()
    server = SphinxServer("fourchan", sphinx.address)
    rows = ctx.database.many("SELECT number FROM imageboard_posts ORDER BY id")
    for row, page in zip(rows, pages, strict=True):
        asked = ") (".join(page).translate(_CAPITALS)
        assert list(server.portion("main", Narrowed(f"({asked})"), 0, 10)) == [row["number"]]
    assert not server.portion("main", Narrowed("q | qq"), 0, 10)


def test_what_is_said_when_sphinx_cannot_be_asked(ctx: Context, sphinx: Sphinx, tmp_path: Path) -> None:
    keep(ctx, [post(1, "hot coffee")])
    here = Here(ctx, tmp_path, sphinx.settings)
    with pytest.raises(SourceError, match=rf"Sphinx at {sphinx.address} does not answer: .+starts searchd"):
        here(body_match="coffee")
    assert here(search_scope="match-ids", valid_ids="1") == here(search_scope="random-sample") == here() == [1]

    setting.put(ctx.database, "lainchan.search_engine", "sphinx")
    setting.put(ctx.database, "lainchan.sphinx_address", sphinx.address)
    sphinx.index("main", "lainchan")
    sphinx.start()
    with pytest.raises(SourceError, match=r"serves no index of it yet \(fourchan_main\).+index-board-posts"):
        here(body_match="coffee")
    sphinx.index("main")
    assert here(body_match="coffee") == [1]
    server = SphinxServer("fourchan", sphinx.address)
    with pytest.raises(SourceError, match="did not search everything"):
        server.portion("main", Narrowed("ab*"), 0, 10)
    with pytest.raises(SourceError, match="does not understand"):
        server.portion("main", Narrowed("((("), 0, 10)
    ctx.database.run("DELETE FROM imageboard_indexes")  # as when another database is restored
    with pytest.raises(SourceError, match="an index that this database does not know"):
        here(body_match="coffee")
    sphinx.index("main")
    assert here(body_match="coffee") == [1]


def test_times_and_boards_narrow_the_search_in_sphinx_too(ctx: Context, sphinx: Sphinx) -> None:
    posts = [post(number, "coffee", board=("pol", "g")[number % 2]) for number in range(1, 41)]
    keep(ctx, posts)
    sphinx.index("main")
    sphinx.start()
    period = Period(posts[9]["created"], posts[29]["created"])
    asked = Asked("fourchan", parse("coffee"), boards=("g",), period=period)
    engines = (PostgreSQLEngine(), SphinxEngine("fourchan", sphinx.address))
    expected, found = (
        [number for some in engine.find(asked, ctx.database, 99) for number in some] for engine in engines
    )
    assert found == expected
    assert len(found) == 10


@pytest.mark.parametrize("password", ["plain", r"""a'b"c{d}$e%f@g/h:i=j;k""", r" a\b#c d\\ "])
def test_the_programs_accept_what_is_generated_for_all_sources(ctx: Context, tmp_path: Path, password: str) -> None:
    sources = all_sources({f"{name}.sphinx_address": free_address() for name in ("fourchan", "eightkun")})
    assert [source.id for source in sources] == ["eightchan", "eightkun", "fourchan", "lainchan"]

    path = write_configuration(sources, reader_of(ctx, password), tmp_path / "sphinx")

    assert path.stat().st_mode & 0o077 == 0
    done = subprocess.run(["indexer", "--config", path, "--all"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("collected 0 docs") == 8
    assert not [line for line in done.stdout.splitlines() if line.startswith(("WARNING", "ERROR"))]


def reader_of(ctx: Context, password: str) -> str:
    """The address of the database for somebody with this password who may read it."""
    with ctx.database.transaction() as tx:
        if tx.find("SELECT FROM pg_roles WHERE rolname = 'sphinx_reader'") is None:
            tx.run("CREATE ROLE sphinx_reader LOGIN")
            tx.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO sphinx_reader")
        tx.run("ALTER ROLE sphinx_reader PASSWORD %(password)s", password=password)
    where = urlsplit(ctx.settings.database_url)
    user = f"sphinx_reader:{quote(password, safe='')}"
    return urlunsplit(where._replace(netloc=f"{user}@{where.hostname}:{where.port}"))


@pytest.mark.parametrize("password", ["geheim", "ge#heim"])
def test_what_the_indexer_says_is_told_without_the_password(
    ctx: Context, sphinx: Sphinx, tmp_path: Path, password: str
) -> None:
    url = reader_of(ctx, password)
    sources = sphinx_sources(sphinx.settings)
    indexer = Indexer(ctx.database, url, tmp_path / "sphinx", print)
    with ctx.database.transaction() as tx:
        tx.run("REVOKE SELECT ON imageboard_indexes FROM sphinx_reader")
    try:
        with pytest.raises(SourceError, match=r"indexer failed for fourchan: .+permission denied") as raised:
            indexer.index(sources[0], "main", sources)
    finally:
        ctx.database.run("GRANT SELECT ON imageboard_indexes TO sphinx_reader")
    assert "geheim" not in str(raised.value)
    assert quote(password) not in str(raised.value)


def test_the_script_explains_itself_and_writes_what_the_tasks_write(
    ctx: Context, sphinx: Sphinx, environment: dict[str, str]
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "extras/generate_sphinx.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert "python extras/generate_sphinx.py write" in run().stderr
    keep(ctx, [post(1, "hot coffee")])
    done = run("write", "--index")
    assert done.returncode == 0, done.stderr
    written = (sphinx.folder / "sphinx.conf").read_text()
    sphinx.index("main")
    assert (sphinx.folder / "sphinx.conf").read_text() == written
    shown = run("show", "--sources", "lainchan").stdout
    assert "index lainchan_delta" in shown
    assert "fourchan" not in shown.replace("fourcat", "")
    assert "There is no imageboard called reddit" in run("show", "--sources", "reddit").stderr


def test_choosing_it_makes_its_tasks_and_its_configuration(ctx: Context, sphinx: Sphinx) -> None:
    def tasks() -> set[tuple[str, str]]:
        declare(ctx)
        rows = ctx.database.many("SELECT type, remote_id FROM jobs WHERE type LIKE 'index-%%'")
        return {(row["type"], row["remote_id"]) for row in rows}

    assert tasks() == {("index-board-posts", "fourchan"), ("index-new-board-posts", "fourchan")}
    setting.put(ctx.database, "lainchan.search_engine", "sphinx")
    assert len(tasks()) == 4
    sphinx.index("main")
    assert "index lainchan_main" in (sphinx.folder / "sphinx.conf").read_text()
    setting.put(ctx.database, "lainchan.search_engine", "postgresql")
    assert len(tasks()) == 2
    sphinx.index("delta")
    assert "lainchan" not in (sphinx.folder / "sphinx.conf").read_text()
    setting.delete(ctx.database, "fourchan.search_engine")
    assert tasks() == set()
    assert sphinx_sources(ctx.site_settings()) == []


def test_a_machine_without_the_program_says_so(ctx: Context, sphinx: Sphinx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(SourceError, match="indexer is not installed on this machine"):
        sphinx.index("main")


def test_an_operator_chooses_it_and_people_search(ctx: Context, user: User, sphinx: Sphinx, start: Starter) -> None:
    keep(ctx, [post(number, "hot coffee" if number % 2 else "tea") for number in range(1, 2_001)])
    start("-m", "app.runner")
    start("scheduler.py")
    built = "SELECT count(*) AS n FROM imageboard_indexes WHERE built IS NOT NULL AND part = 'main'"
    wait_for(lambda: ctx.database.one(built)["n"], "the main index", 60)
    sphinx.start()
    wait_for(lambda: SphinxServer("fourchan", sphinx.address).served(), "the index to be served", 30)

    done = wait_for_end(ctx, create_capture(ctx, user, "fourchan", {"body_match": "hot -tea"}).key)
    assert (done.status, done.rows) == (Status.FINISHED, 1_000), done.message

    sphinx.signal(signal.SIGSTOP)
    asked = create_capture(ctx, user, "fourchan", {"body_match": "coffee"})
    wait_for(lambda: datasets.get(ctx.database, asked.key).status is Status.RUNNING, "the search", 30)
    cancel_dataset(ctx, user, asked.key)
    wait_for(lambda: not ctx.database.one(_RUNNING)["n"], "the end of the process", 30)
    sphinx.signal(signal.SIGCONT)
    assert wait_for_end(ctx, asked.key).status is Status.CANCELLED
    assert wait_for_end(ctx, create_capture(ctx, user, "fourchan", {"body_match": "tea"}).key).rows == 1_000


_RUNNING = "SELECT count(*) AS n FROM jobs WHERE type = 'fourchan' AND state = 'running'"
