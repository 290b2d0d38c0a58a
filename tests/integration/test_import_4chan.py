"""Imports of dumps into the posts of 4chan, and exports, as a person runs them."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.storage.database import Database
from datasources._imageboard.query import plain_text, spaced
from datasources._imageboard.store.indexes import missing_indexes, search_indexes
from extras import import_4chan
from extras.fourchan_dumps.posts import SCHEMA, Posts
from extras.fourchan_dumps.record import FIELDS, WHOLE_TABLE
from extras.fourchan_dumps.store import Batch, Store
from tests.conftest import ROOT, Process, Starter

Row = dict[str, Any]
Import = Callable[..., "subprocess.CompletedProcess[str]"]
EMPTY = (
    "TRUNCATE imageboard_posts, imageboard_threads, imageboard_imports, imageboard_uncounted, imageboard_words,"
    " imageboard_new_words"
)
DEFAULTS: Row = {
    **dict.fromkeys(FIELDS),
    **{"subnum": 0, "op": 0, "timestamp_expired": 0, "preview_w": 0, "preview_h": 0, "media_w": 0, "media_h": 0},
    **{"media_size": 0, "spoiler": 0, "deleted": 0, "capcode": "N", "name": "Anonymous", "sticky": 0, "locked": 0},
}
NASTY = (
    'he said "no"',
    "ends with a backslash\\",
    'a backslash before a quote \\"',
    '\\\\"\\',
    'looks like an end","0","0"\n"123","0","100","0","1500000000',
    "\\N",
    "a \\N inside, and \\n and C:\\new\\table",
    "two\nlines\n\n>quoted\n>>1001 said\ttabbed",
    "<b>no HTML</b> &amp; 'apostrophes'",
    "emoji 😀, 日本語, ünï",
    ",,,\n,",
    "",
)


def row(num: int, thread: int, **more: Any) -> Row:
    return {
        **DEFAULTS,
        **{"num": num, "thread_num": thread, "op": int(num == thread), "timestamp": 1_500_000_000 + num, **more},
    }


def quoted(value: Any) -> str:
    if value is None:
        return "\\N"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def lines(rows: list[Row], names: tuple[str, ...] = FIELDS) -> str:
    return "".join(",".join(quoted(record.get(name)) for name in names) + "\n" for record in rows)


@pytest.fixture
def database(servers: tuple[str, str]) -> Iterator[Database]:
    """The database without any posts."""
    opened = Database(servers[0])
    opened.run(EMPTY)
    yield opened
    opened.run(EMPTY)
    opened.close()


@pytest.fixture
def run(
    environment: dict[str, str],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Import]:
    """Run the program, in this process: `run("dump.csv", "--board", "g")`."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    before = signal.getsignal(signal.SIGTERM)

    def ask(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        done = import_4chan.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert done == status, said.err
        return subprocess.CompletedProcess(arguments, done, said.out, said.err)

    yield ask
    signal.signal(signal.SIGTERM, before)


def posts(database: Database, board: str) -> dict[int, Row]:
    found = database.many("SELECT * FROM imageboard_posts WHERE board = %(board)s ORDER BY id", board=board)
    return {post["id"]: post for post in found}


def thread(database: Database, number: int) -> Row:
    return database.one("SELECT * FROM imageboard_threads WHERE id = %(number)s", number=number)


def test_without_arguments_it_explains_itself(run: Import) -> None:
    said = run(status=2).stderr
    assert "export" in said
    assert "goes on" in said
    for command in (["-m", "extras.import_4chan"], ["extras/import_4chan.py"]):
        done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (2, said)


def test_a_real_dump_is_stored_as_the_board_gave_it(run: Import, database: Database, samples: Path) -> None:
    folder = samples / "imageboard"
    run(folder / "4plebs-format-ck.csv", "--board", "ck", "--unreadable", "/dev/null")
    stored = posts(database, "ck")
    given = json.loads((folder / "4chan-ck-thread-3856791.json").read_text())["posts"]
    assert list(stored) == sorted(post["no"] for post in given)
    for post in given:
        found = stored[post["no"]]
        assert found["thread_id"] == 3856791
        assert found["created"].timestamp() == post["time"]
        assert found["author"] == post["name"]
        assert found["body_words"] == spaced(plain_text(post.get("com"))), post["com"]
    first = stored[3856791]
    assert (first["image_file"], first["image_4chan"]) == ("White-Bread.jpg", "1346968817055.jpg")
    assert (first["image_md5"], first["image_filesize"]) == ("fe8ef68c9422c57081657143d21b4f06", 26089)
    assert (first["image_width"], first["image_height"]) == (400, 280)
    assert '<a href="#p3856796" class="quotelink">&gt;&gt;3856796</a><br>' in stored[3856800]["body"]
    about = thread(database, 3856791)
    assert (about["replies"], about["last_post"]) == (len(given) - 1, max(stored))
    assert about["archived"] == max(post["created"] for post in stored.values())


def test_every_field_goes_where_the_scraper_puts_it(run: Import, database: Database, tmp_path: Path) -> None:
    first = row(
        100, 100, timestamp=1_500_000_000, timestamp_expired=1_500_090_000, preview_orig="1s.jpg", preview_w=125,
        preview_h=90, media_filename='my "cat".jpg', media_w=1000, media_h=800, media_size=2**31, spoiler=1,
        media_hash="/o72jJQixXCBZXFD0htPBg==", media_orig="1500000000123.jpg", capcode="M", email="sage",
        name="Ann <3", trip="!!abc", title="Cats & dogs", comment=">implying\n[spoiler]hidden[/spoiler]", sticky=1,
        locked=1, poster_hash="aB3/x+1", poster_country="NL", exif='{"uniqueIps":"12"}',
    )  # fmt: skip
    reply = row(
        101, 100, deleted=1, timestamp_expired=1_500_000_500, comment=">>>/g/55 x", exif='{"trollCountry":"PR"}'
    )
    ghost = row(101, 100, subnum=1, comment="boo")
    (tmp_path / "pol.csv").write_text(lines([first, reply, ghost]))
    assert "1 ghost post left out" in run(tmp_path / "pol.csv").stderr

    stored = posts(database, "pol")
    found = stored[100]
    assert found["body"] == '<span class="quote">&gt;implying</span><br><s>hidden</s>'
    assert (found["subject"], found["subject_words"]) == ("Cats &amp; dogs", " cats dogs ")
    assert found["body_words"] == " implying hidden "
    assert (found["author"], found["author_trip"]) == ("Ann &lt;3", "!!abc")
    assert (found["author_type"], found["author_type_id"]) == ("aB3/x+1", "mod")
    assert (found["country_code"], found["country_name"]) == ("NL", "Netherlands")
    assert (found["image_file"], found["image_4chan"]) == ('my "cat".jpg', "1500000000123.jpg")
    assert found["image_md5"] == "fe8ef68c9422c57081657143d21b4f06"
    assert (found["image_width"], found["image_height"], found["image_filesize"]) == (1000, 800, None)
    assert found["unsorted_data"] == {
        "exif": {"uniqueIps": "12"}, "email": "sage", "preview": "1s.jpg", "tn_w": 125, "tn_h": 90, "spoiler": 1,
    }  # fmt: skip
    assert found["created"] == found["seen"]
    assert found["deleted"] is None
    answer = stored[101]
    assert answer["deleted"].timestamp() == 1_500_000_500
    assert (answer["country_code"], answer["author_type_id"]) == ("t_PR", None)
    assert plain_text(answer["body"]) == ">>>/g/55 x"
    assert answer["image_md5"] is None
    about = thread(database, 100)
    assert about["archived"].timestamp() == 1_500_090_000
    assert (about["is_sticky"], about["is_closed"], about["posters"]) == (True, True, 12)
    assert (about["replies"], about["images"], about["last_post"]) == (1, 0, 101)
    assert (about["scraped"], about["deleted"]) == (None, None)


@pytest.mark.parametrize(
    "kind", ["4plebs", "escaped newlines", "windows", "header", "whole table", "longer", "bz2", "tar"]
)
def test_texts_survive_every_variant(run: Import, database: Database, tmp_path: Path, kind: str) -> None:
    rows = [row(1000, 1000, comment="first")]
    rows += [row(1001 + number, 1000, title=text, comment=text) for number, text in enumerate(NASTY)]
    text = lines(rows)
    path = tmp_path / "g.csv"
    if kind == "header":
        text = ",".join(f'"{name}"' for name in FIELDS) + "\n" + text
    if kind == "whole table":
        text = lines([{**each, "doc_id": 7, "media_id": 0, "poster_ip": 0} for each in rows], WHOLE_TABLE)
    if kind == "longer":
        text = lines(rows, (*FIELDS, "a", "b", "c", "d"))
    path.write_bytes(text.encode())
    if kind == "escaped newlines":
        path.write_bytes(lines([{**each, "comment": each["comment"].replace("\n", "\r")} for each in rows])
                         .replace("\r", "\\\n").encode())  # fmt: skip
    if kind == "windows":
        path.write_bytes(lines(rows).replace('\n"10', '\r\n"10').encode())
    if kind == "bz2":
        path = tmp_path / "g.csv.bz2"
        path.write_bytes(bz2.compress(text.encode()))
    if kind == "tar":
        path = tmp_path / "g.csv.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(tmp_path / "g.csv", "g.csv")
    run(path)

    stored = posts(database, "g")
    assert [plain_text(post["body"]) for post in stored.values()] == ["first", *NASTY]
    assert [plain_text(post["subject"]) for post in list(stored.values())[1:]] == list(NASTY)
    assert [post["body_words"] for post in stored.values()] == [spaced(text) for text in ("first", *NASTY)]


def test_what_cannot_be_read_is_listed_with_its_line(run: Import, database: Database, tmp_path: Path) -> None:
    good = [lines([row(number, 500, comment="two\nlines")]) for number in range(500, 507)]
    text = (
        good[0]  # lines 1 and 2
        + '"501","0","500","0","15\n'  # 3: cut off
        + good[2]  # 4
        + lines([row(503, 500, timestamp=5)])  # 6
        + lines([row(504, 500)]).replace('"0"', "0")  # 7: numbers without quotation marks
        + '"505","0","500","0","1500000000","0",\\N,"an open field,\n more\n'  # 8
        + good[6]  # 10
        + lines([{**row(507, 500), "num": "x"}])  # 12
        + lines([row(508, 500, comment="late")])[:-1]  # 13: no newline at the end
    )
    (tmp_path / "x.csv").write_bytes(
        text.encode() + b"\n" + lines([row(509, 500, comment="MARK")]).encode().replace(b"MARK", b"\xff\xfe!")
    )
    said = run(tmp_path / "x.csv").stderr

    assert list(posts(database, "x")) == [500, 502, 504, 506, 508, 509]
    assert posts(database, "x")[509]["body"] == "\ufffd\ufffd!"
    assert "4 unreadable, 1 with characters that could not be read" in said
    listed = (tmp_path / "x.csv.unreadable.txt").read_text().splitlines()
    assert [entry.split(":")[0] for entry in listed] == ["line 3", "line 6", "line 8", "line 12"]
    assert "expected 28 fields" in listed[0]
    assert "timestamp" in listed[1]
    assert "passed over 2 lines" in listed[2]
    assert "num must be a number" in listed[3]


@pytest.mark.parametrize("content", ["", "id,body\n1,tea\n", "PK\x03\x04 whatever"])
def test_what_is_no_dump_is_refused(run: Import, tmp_path: Path, content: str) -> None:
    (tmp_path / "g.csv").write_text(content)
    assert len(run(tmp_path / "g.csv", status=1).stderr) > 20
    assert "--board" in run(_copied(tmp_path, "some words.csv"), status=1).stderr
    assert "no file" in run(tmp_path / "none.csv", status=1).stderr


def test_a_file_that_breaks_off_leaves_search_indexes_behind(run: Import, database: Database, tmp_path: Path) -> None:
    whole = tmp_path / "g.csv"
    whole.write_text(lines(generated(30_000)))
    packed = gzip.compress(whole.read_bytes(), 1)
    broken = tmp_path / "g.csv.gz"
    broken.write_bytes(packed[: len(packed) * 3 // 4])
    assert "ended before" in run(broken, "--indexes", "rebuild", status=1).stderr
    assert stored(database) > 0
    broken.write_bytes(b"no dump" * 10)
    assert run(broken, "--indexes", "rebuild", status=1).stderr
    found = database.many("SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indisvalid")
    assert set(search_indexes()) <= {index["name"] for index in found}


def _copied(folder: Path, name: str) -> Path:
    (folder / name).write_text(lines([row(1, 1)]))
    return folder / name


def generated(count: int, seed: int = 1) -> list[Row]:
    chance = random.Random(seed)
    words = [f"word{number}" for number in range(300)]
    return [
        row(
            10_000 + number,
            10_000 + number // 40 * 40,
            comment=" ".join(chance.choices(words, k=20)) + chance.choice(NASTY),
            subnum=0 if number % 40 == 0 else int(chance.random() < 0.02),
        )
        for number in range(count)
    ]


def test_it_goes_on_after_it_was_killed(start: Starter, run: Import, database: Database, tmp_path: Path) -> None:
    rows = generated(60_000)
    path = tmp_path / "g.csv"
    path.write_text(lines(rows))
    kills = 0
    for _ in range(3):
        before = reached(database)
        process = start("extras/import_4chan.py", str(path), "--indexes", "keep")
        if wait_until_more(process, database, before):
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait(60)
    said = run(path, "--indexes", "keep").stderr
    expected = [record["num"] for record in rows if not record["subnum"]]
    assert kills >= 1, said
    assert list(posts(database, "g")) == expected
    counts = database.one("SELECT counts FROM imageboard_imports")["counts"]
    assert counts == {"read": 60_000, "stored": len(expected), "ghosts": 60_000 - len(expected)}
    replies = database.one("SELECT sum(replies) AS replies, count(*) AS threads FROM imageboard_threads")
    assert (replies["replies"] + replies["threads"], replies["threads"]) == (len(expected), 1500)
    check_notes(database)
    said = run(path).stderr
    assert (f"imported before, to its end: {len(expected):,} posts stored" in said, "Done" in said) == (True, False)
    assert f"{len(expected):,} there already" in run(path, "--again").stderr
    assert database.one("SELECT sum(replies) AS replies FROM imageboard_threads")["replies"] == replies["replies"]


def check_notes(database: Database) -> None:
    """Each post is noted for its day once, and each word that posts have used is known, as if a scraper stored them."""
    posts = database.many(
        "SELECT (created AT TIME ZONE 'UTC')::date AS day, count(*) AS posts FROM imageboard_posts"
        " GROUP BY 1 ORDER BY 1"
    )
    noted = database.many("SELECT day, sum(posts)::bigint AS posts FROM imageboard_uncounted GROUP BY 1 ORDER BY 1")
    assert noted == posts
    unknown = database.many(
        "SELECT DISTINCT word FROM imageboard_posts, unnest(string_to_array(body_words || subject_words, ' ')) AS word"
        " WHERE word <> '' EXCEPT (SELECT word FROM imageboard_words UNION SELECT word FROM imageboard_new_words)"
    )
    assert unknown == []


def stored(database: Database) -> int:
    return int(database.one("SELECT count(*) AS count FROM imageboard_posts")["count"])


def reached(database: Database) -> int:
    """The place in the dump up to which it is stored."""
    return int(database.one("SELECT coalesce(max(position), 0) AS place FROM imageboard_imports")["place"])


def wait_until_more(process: Process, database: Database, before: int) -> bool:
    """Wait until a process has stored something; False when it has ended."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        if reached(database) > before:
            return True
        time.sleep(0.02)
    return False


def test_ctrl_c_stops_it_between_batches(start: Starter, database: Database, run: Import, tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_text(lines(generated(45_000)))
    process = start("extras/import_4chan.py", str(path), "--indexes", "keep")
    assert wait_until_more(process, database, 0)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (130, 0)
    run(path)
    assert database.one("SELECT counts FROM imageboard_imports")["counts"]["read"] == 45_000


def test_posts_that_were_scraped_stay_as_they_are(run: Import, database: Database, tmp_path: Path) -> None:
    database.run(
        "INSERT INTO imageboard_posts (source, board, id, thread_id, created, seen, body) VALUES"
        " ('fourchan', 'g', 701, 700, now(), now(), 'scraped')"
    )
    database.run(
        "INSERT INTO imageboard_threads (source, board, id, seen, listed, scraped, replies) VALUES"
        " ('fourchan', 'g', 700, now(), now(), now(), 3)"
    )
    path = tmp_path / "g.csv"
    path.write_text(lines([row(number, 700, comment="dumped") for number in (700, 701, 702, 702)]))
    database.run("TRUNCATE imageboard_uncounted")
    assert "2 posts stored, 2 there already" in run(path).stderr
    assert database.one("SELECT sum(posts)::bigint AS posts FROM imageboard_uncounted") == {"posts": 2}
    found = posts(database, "g")
    assert [post["body"] for post in found.values()] == ["dumped", "scraped", "dumped"]
    assert (thread(database, 700)["replies"], thread(database, 700)["archived"]) == (3, None)


def test_threads_that_the_scraper_has_seen_listed_stay_open(run: Import, database: Database, tmp_path: Path) -> None:
    database.run(
        "INSERT INTO imageboard_threads (source, board, id, seen, listed, modified, mark) VALUES"
        " ('fourchan', 'g', 700, now(), now(), now(), '1.5'), ('fourchan', 'g', 800, now(), now(), now(), '')"
    )
    before = [thread(database, number) for number in (700, 800)]
    path = tmp_path / "g.csv"
    rows = [row(number, number // 100 * 100, timestamp_expired=1_500_090_000) for number in (700, 701, 801, 900)]
    path.write_text(lines(rows))
    assert "4 posts stored" in run(path).stderr
    assert [thread(database, number) for number in (700, 800)] == before
    assert thread(database, 900)["archived"] is not None


def test_what_the_database_refuses_is_reported_and_the_rest_is_stored(
    servers: tuple[str, str], database: Database
) -> None:
    store = Store(servers[0], "g", "f" * 64, "g.csv", "")
    records = [row(number, 1, comment="tea", name="Ann") for number in (1, 2, 3, 4)]
    made = [Posts("g").make([None if value is None else str(value) for value in each.values()]) for each in records]
    lines = [(post.id, post.thread, post.time, False, post.line) for post in made if post]
    wrong = {2: "2017-07-14T02:40", 4: "\tg\t4"}
    lines = [
        (*each[:4], each[4].replace(wrong.get(each[0], "-"), "\tno" if each[0] in wrong else "-")) for each in lines
    ]
    openings = {post.id: post.opening for post in made if post and post.opening}
    batch = Batch(pl.DataFrame(lines, SCHEMA, orient="row"), openings, {"tea"}, 100, 5, Counter(read=4))
    store.save(batch)
    store.close()
    assert list(posts(database, "g")) == [1, 3]
    assert [line.split(":")[0] for line in batch.refused] == ["post 2", "post 4"]
    counts = database.one("SELECT counts, position FROM imageboard_imports")
    assert counts == {"counts": {"read": 4, "stored": 2, "unreadable": 2}, "position": 100}
    assert thread(database, 1)["replies"] == 1


def test_times_of_new_york_are_corrected_when_asked(run: Import, database: Database, tmp_path: Path) -> None:
    summer, winter = 1_500_000_000, 1_484_000_000
    rows = [row(1, 1, timestamp=summer - 4 * 3600), row(2, 1, timestamp=winter - 5 * 3600)]
    path = tmp_path / "g.csv"
    path.write_text(lines(rows))
    run(path, "--new-york-times")
    assert [post["created"].timestamp() for post in posts(database, "g").values()] == [summer, winter]
    assert "other options" in run(path, status=1).stderr


@pytest.mark.parametrize("names", [{}, {"num": "no", "thread_num": "thread", "comment": "com", "timestamp": "time"}])
def test_sqlite(run: Import, database: Database, tmp_path: Path, names: dict[str, str]) -> None:
    rows = [row(number, 300, comment=text, title=text) for number, text in enumerate(NASTY, start=300)]
    rows.append(row(390, 300, subnum=1))
    rows.append(row(391, 300, timestamp=None))
    path = tmp_path / "4chan-ck.db"
    opened = sqlite3.connect(path)
    columns = [name for name in FIELDS if name not in ("exif", "poster_hash")]
    opened.execute(f"CREATE TABLE ck ({', '.join(names.get(name, name) for name in columns)})")
    opened.execute("CREATE TABLE images (id)")
    marks = ", ".join("?" * len(columns))
    opened.executemany(f"INSERT INTO ck VALUES ({marks})", [[each[name] for name in columns] for each in rows])
    opened.commit()
    opened.close()
    said = run(path).stderr
    assert "1 ghost post left out, 1 unreadable" in said
    assert "line 14: timestamp" in (tmp_path / "4chan-ck.db.unreadable.txt").read_text()
    expected = ["" if text == "\\N" else text for text in NASTY]
    assert [plain_text(post["body"]) for post in posts(database, "ck").values()] == expected


def test_an_export_gives_what_was_imported(run: Import, database: Database, tmp_path: Path) -> None:
    day = 1_500_076_800  # 2017-07-15
    rows = [row(900 + number, 900, timestamp=day + number * 3600, comment=text) for number, text in enumerate(NASTY)]
    rows += [row(950, 900, timestamp=day - 1), row(951, 900, timestamp=day + 86_400)]
    path = tmp_path / "g.csv"
    path.write_text(lines(rows))
    run(path)
    span = ("--board", "g", "--from", "2017-07-15", "--to", "2017-07-16")
    run("export", *span, "--format", "ndjson", tmp_path / "out.ndjson")
    run("export", *span, "--format", "csv", tmp_path / "out.csv")
    exported = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    with (tmp_path / "out.csv").open(newline="") as file:
        from_csv = list(csv.DictReader(file))
    assert [post["text"] for post in exported] == list(NASTY)
    assert [post["text"] for post in from_csv] == list(NASTY)
    assert [(post["id"], post["created"]) for post in exported][1] == (901, "2017-07-15T01:00:00+00:00")
    assert [int(post["id"]) for post in from_csv] == [post["id"] for post in exported]
    assert exported[0].keys() == from_csv[0].keys()
    streamed = run("export", "--board", "g", "-").stdout.splitlines()
    assert len(streamed) == len(rows)


def test_search_indexes_are_made_anew(run: Import, database: Database, tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_text(lines(generated(2_000)))
    run(path, "--indexes", "rebuild")
    found = database.many(
        "SELECT x.indexrelid::regclass::text AS name, x.indisvalid AS valid,"
        " (SELECT count(*) FROM pg_inherits WHERE inhparent = x.indexrelid) AS parts"
        " FROM pg_index x WHERE indrelid = 'imageboard_posts'::regclass"
    )
    made = {index["name"]: (index["valid"], index["parts"]) for index in found if index["name"] in search_indexes()}
    partitions = database.one("SELECT count(*) AS n FROM pg_inherits WHERE inhparent = 'imageboard_posts'::regclass")
    assert made == dict.fromkeys(search_indexes(), (True, partitions["n"]))
    assert len(made) == 2
    run(path, "--indexes", "later", "--again")
    assert missing_indexes(database.url)
    run("indexes")
    assert not missing_indexes(database.url)
