"""What is kept of threads on a real database: each change once, with the time at which it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.services.context import Context
from datasources._imageboard.engines import ImageRead, PostRead, ThreadListed, ThreadRead
from datasources._imageboard.store import coverage, images, reading, threads, unread
from datasources._imageboard.store.place import Place
from datasources._imageboard.store.reading import Asked, Stored
from datasources._imageboard.store.version import Version

PLACE = Place("fourchan", "g", 100)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE = ImageRead("cat.png", "1.png", "/g/1.png", "ab" * 16, 10, 20, 300)


def at(minutes: int) -> datetime:
    """A time some minutes after the start."""
    return START + timedelta(minutes=minutes)


def post(number: int, body: str = "hello", **more: Any) -> PostRead:
    """A post with this text."""
    return PostRead(number, START, body=body, **more)


def thread(*posts: PostRead, **more: Any) -> ThreadRead:
    """The thread of the tests, with an opening post and these replies."""
    return ThreadRead(100, (post(100, "opening", subject="A thread"), *posts), **more)


class Keeper:
    """Stores readings of one thread, one transaction each, and shows what is stored."""

    def __init__(self, ctx: Context) -> None:
        self.db = ctx.database

    def read(self, minutes: int, found: ThreadRead, **more: Any) -> Stored:
        """The thread is read at this time."""
        with self.db.transaction() as tx:
            return reading.store_thread(tx, PLACE, found, Asked(at(minutes), "mark"), **more)  # type: ignore[arg-type]

    def gone(self, minutes: int) -> bool:
        """The thread is not there at this time."""
        with self.db.transaction() as tx:
            return reading.store_gone(tx, PLACE, Asked(at(minutes)))  # type: ignore[arg-type]

    def index(self, minutes: int, *listed: tuple[int, str]) -> tuple[list[int], list[int]]:
        """The index shows these threads: those that are listed again, and those that are to be read."""
        shown = [ThreadListed(number, place, mark, START) for place, (number, mark) in enumerate(listed, 1)]
        with self.db.transaction() as tx:
            again = threads.store_index(tx, "fourchan", "g", shown, at(minutes), at(minutes - 1))  # type: ignore[arg-type]
            return again, [one.id for one in threads.due_threads(tx, "fourchan", "g")]  # type: ignore[arg-type]

    def look(self, minutes: int, interval: int = 60) -> None:
        """A look notes what is unread at this time."""
        with self.db.transaction() as tx:
            due = threads.due_threads(tx, "fourchan", "g")  # type: ignore[arg-type]
            unread.note(tx, "fourchan", "g", at(minutes), interval, due)  # type: ignore[arg-type]

    def places(self, number: int = 100) -> list[tuple[int, datetime]]:
        """The places of a thread in the index, and since when."""
        rows = self.db.many(
            "SELECT position, seen FROM imageboard_positions WHERE source = 'fourchan' AND board = 'g'"
            " AND thread_id = %(id)s ORDER BY seen",
            id=number,
        )
        return [(row["position"], row["seen"]) for row in rows]

    def unread(self) -> list[tuple[Any, ...]]:
        """The times in which threads were not read."""
        rows = self.db.many(
            "SELECT began, looked, ended, threads, failed, reason FROM imageboard_unread ORDER BY noticed"
        )
        return [tuple(row.values()) for row in rows]

    def posts(self) -> dict[int, dict[str, Any]]:
        """All posts, by number."""
        return {row["id"]: row for row in self.db.many("SELECT * FROM imageboard_posts")}

    def thread(self) -> dict[str, Any]:
        """The row of the thread."""
        return self.db.one("SELECT * FROM imageboard_threads WHERE id = 100")

    def events(self) -> list[tuple[int | None, str, datetime]]:
        """What has become of it, in order."""
        rows = self.db.many("SELECT id, event, seen FROM imageboard_events ORDER BY number")
        return [(row["id"], row["event"], row["seen"]) for row in rows]

    def snapshot(self) -> list[list[dict[str, Any]]]:
        """All that is stored but when the thread was last read."""
        tables = ("posts", "versions", "events")
        rows = [self.db.many(f"SELECT *, xmin::text FROM imageboard_{table} ORDER BY id") for table in tables]
        return [*rows, [{**self.thread(), "scraped": None}]]


@pytest.fixture
def keeper(ctx: Context) -> Iterator[Keeper]:
    """An empty store."""
    return Keeper(ctx)  # type: ignore[return-value]


def test_new_posts_are_stored_with_all_that_is_known(keeper: Keeper) -> None:
    reply = post(
        101, "<b>Hé</b><br>there", author="Ann", author_trip="!x", author_type="AbC", author_type_id="mod",
        country_code="t_AC", country_name="Anarcho", images=(FILE,), more={"since4pass": 2016},
    )  # fmt: skip
    stored = keeper.read(1, thread(reply, posters=2), image_base="https://i.example")
    row = keeper.posts()[101]

    assert [one.id for one in stored.new] == [100, 101]
    assert (row["thread_id"], row["created"], row["seen"], row["deleted"]) == (100, START, at(1), None)
    assert (row["author"], row["author_trip"], row["author_type"], row["author_type_id"]) == ("Ann", "!x", "AbC", "mod")
    assert (row["country_code"], row["country_name"]) == ("t_AC", "Anarcho")
    assert (row["image_file"], row["image_4chan"], row["image_md5"]) == ("cat.png", "1.png", "ab" * 16)
    assert (row["image_url"], row["image_width"], row["image_filesize"]) == ("https://i.example/g/1.png", 10, 300)
    assert (row["unsorted_data"], row["body_words"]) == ({"since4pass": 2016}, " he there ")
    assert (keeper.thread()["replies"], keeper.thread()["images"], keeper.thread()["posters"]) == (1, 1, 2)
    assert keeper.thread()["last_post"] == 101


@pytest.mark.parametrize(
    ("names", "shown"),
    [(("a.pdf", "b.JPG", "c.png"), "b.JPG"), (("a.webm", "b.pdf"), "a.webm"), (("a.png", "b.jpg"), "a.png")],
)
def test_the_first_image_stands_for_the_files_of_a_post(keeper: Keeper, names: tuple[str, ...], shown: str) -> None:
    files = tuple(ImageRead(f"my {name}", name, f"/g/src/{name}", f"{place:032x}") for place, name in enumerate(names))
    keeper.read(1, thread(post(101, images=files)))
    row = keeper.posts()[101]
    assert (row["image_4chan"], row["image_file"]) == (shown, f"my {shown}")
    assert row["image_md5"] == f"{names.index(shown):032x}"


def test_the_same_again_changes_nothing(keeper: Keeper) -> None:
    whole = thread(post(101), post(102, images=(FILE,)), is_sticky=True)
    keeper.read(1, whole)
    before = keeper.snapshot()

    assert keeper.read(2, whole) == Stored()
    assert keeper.snapshot() == before


def test_an_edit_keeps_what_was_said_before(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101, "first")))
    keeper.read(2, thread(post(101, "second")))
    keeper.read(3, thread(post(101, "third")))

    versions = keeper.db.many("SELECT id, seen, body FROM imageboard_versions ORDER BY seen")
    assert [tuple(row.values()) for row in versions] == [(101, at(2), "first"), (101, at(3), "second")]
    assert (keeper.posts()[101]["body"], keeper.posts()[101]["body_words"]) == ("third", " third ")


def test_a_deleted_post_is_marked_and_restored_when_it_is_back(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101), post(102)))
    assert keeper.read(2, thread(post(102))).deleted == 1
    assert keeper.posts()[101]["deleted"] == at(2)
    keeper.read(3, thread(post(102)))
    assert keeper.posts()[101]["deleted"] == at(2)
    assert keeper.read(4, thread(post(101), post(102))).restored == 1
    assert keeper.posts()[101]["deleted"] is None
    assert keeper.events() == [(101, "deleted", at(2)), (101, "restored", at(4))]


@pytest.mark.parametrize("rolling", ["is_sticky", "is_cyclical"])
def test_what_drops_off_a_rolling_thread_is_not_deleted(keeper: Keeper, rolling: str) -> None:
    keeper.read(1, thread(post(101), post(102), post(103), post(104), **{rolling: True}))
    keeper.read(2, thread(post(102), post(104), post(105), **{rolling: True}))
    assert {number: row["deleted"] for number, row in keeper.posts().items() if row["deleted"]} == {103: at(2)}
    keeper.read(3, thread(post(104), post(105)))  # also once it rolls no more
    assert [event for event in keeper.events() if event[1] == "deleted"] == [(103, "deleted", at(2))]


def test_a_reading_with_unreadable_posts_deletes_none(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101), post(102)))
    assert keeper.read(2, thread(post(102), unread=1)).deleted == 0
    assert keeper.posts()[101]["deleted"] is None


def test_a_deleted_file_is_noted_once_and_what_is_known_of_it_stays(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101, images=(FILE,))))
    for minutes in (2, 3):
        keeper.read(minutes, thread(post(101)))
    assert keeper.events() == [(101, "file-deleted", at(2))]
    assert keeper.posts()[101]["image_md5"] == "ab" * 16
    assert keeper.posts()[101]["unsorted_data"]["file_deleted"] == int(at(2).timestamp())


def test_a_thread_that_is_gone_counts_as_deleted_with_its_opening_post_until_it_is_back(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101)))
    assert (keeper.gone(2), keeper.gone(3)) == (True, False)
    assert keeper.thread()["deleted"] == at(2)
    assert {number: row["deleted"] for number, row in keeper.posts().items()} == {100: at(2), 101: None}
    keeper.read(4, thread(post(101)))
    assert (keeper.thread()["deleted"], keeper.posts()[100]["deleted"]) == (None, None)
    assert [event[:2] for event in keeper.events()] == [
        (100, "deleted"),
        (None, "deleted"),
        (100, "restored"),
        (None, "restored"),
    ]


def test_an_archived_thread_has_the_time_of_the_board_and_is_not_deleted_when_it_expires(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101)))
    keeper.read(2, thread(post(101), is_archived=True, archived_on=at(-5), is_closed=True))
    assert keeper.thread()["archived"] == at(-5)
    assert keeper.gone(3) is False
    assert keeper.thread()["deleted"] is None
    assert keeper.events() == [(None, "archived", at(2)), (None, "closed", at(2))]


def test_marks_of_a_thread_are_noted_when_they_change(keeper: Keeper) -> None:
    for minutes, more in enumerate(({}, {"is_sticky": True}, {"is_sticky": True, "is_closed": True}, {})):
        keeper.read(minutes, thread(**more))  # type: ignore[arg-type]
    assert [event[1:] for event in keeper.events()] == [
        ("stuck", at(1)),
        ("closed", at(2)),
        ("unstuck", at(3)),
        ("opened", at(3)),
    ]


def test_the_index_asks_for_what_is_new_or_changed_and_only_once_it_is_read_not(keeper: Keeper) -> None:
    assert keeper.index(0, (100, "a"), (200, "a")) == ([], [100, 200])
    assert keeper.index(1, (100, "a"), (200, "a")) == ([], [100, 200])
    with keeper.db.transaction() as tx:
        reading.store_unchanged(tx, PLACE, Asked(at(1), "a"))  # type: ignore[arg-type]
    assert keeper.index(2, (100, "a"), (200, "a")) == ([], [200])
    assert keeper.index(3, (100, "b"), (200, "a")) == ([], [100, 200])


def test_one_that_was_read_while_it_changed_is_read_again(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"))
    keeper.read(1, thread(), is_current=False, version=Version("old"))
    assert keeper.index(2, (100, "mark")) == ([], [100])
    assert keeper.thread()["etag"] == "old"
    with keeper.db.transaction() as tx:
        reading.store_unchanged(tx, PLACE, Asked(at(2), "mark"), is_current=False)  # type: ignore[arg-type]
    assert keeper.index(2, (100, "mark")) == ([], [100])
    keeper.read(3, thread(), version=Version("tag", dated=at(3)))
    assert keeper.index(4, (100, "mark")) == ([], [])
    assert (keeper.thread()["etag"], keeper.thread()["dated"]) == ("tag", at(3))


def test_what_the_index_says_while_a_thread_is_being_read_counts_after_it(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"), (200, "a"))
    keeper.index(2, (100, "other"), (200, "a"))
    keeper.read(1, thread())  # asked for before, with the mark of then
    assert (keeper.index(3, (100, "other"), (200, "a"))[1], keeper.thread()["due"]) == ([100, 200], at(1))
    keeper.index(5, (200, "a"))
    with keeper.db.transaction() as tx:
        reading.store_unchanged(tx, PLACE, Asked(at(4), "other"))  # type: ignore[arg-type]
    assert keeper.index(6, (200, "a"))[1] == [100, 200]
    with keeper.db.transaction() as tx:
        reading.store_unchanged(tx, PLACE, Asked(at(6), "other"))  # type: ignore[arg-type]
    assert keeper.thread()["due"] is None


def test_one_that_the_index_gives_no_mark_is_read_at_every_look(keeper: Keeper) -> None:
    keeper.index(0, (100, ""), (200, "a"))
    with keeper.db.transaction() as tx:
        reading.store_unchanged(tx, PLACE, Asked(at(1), ""))  # type: ignore[arg-type]
    assert keeper.index(2, (100, ""), (200, "a")) == ([], [100, 200])


def test_turns_go_to_those_that_have_waited_longest_and_are_lost_when_one_cannot_be_read(keeper: Keeper) -> None:
    listed = [(number, "a") for number in range(100, 130)]
    keeper.index(0, *listed, (130, ""), (131, "a"))
    keeper.db.run("UPDATE imageboard_threads SET scraped = now(), due = NULL WHERE id < 131")

    def turns(most: int) -> list[int]:
        with keeper.db.transaction() as tx:
            return sorted(threads.take_turns(tx, "fourchan", "g", most))  # type: ignore[arg-type]

    assert [turns(100), turns(2), turns(1)] == [[100, 101, 102], [103, 104], [105]]
    keeper.db.run("UPDATE imageboard_threads SET scraped = clock_timestamp() WHERE id = 106")
    assert [turns(100) for _ in range(9)][-1] == [101, 102, 103]


def test_a_reading_that_comes_late_changes_nothing(keeper: Keeper) -> None:
    keeper.read(1, thread(post(101)))
    keeper.read(3, thread(post(101), post(102)))
    before = keeper.snapshot()
    assert keeper.read(2, thread(post(101, "earlier"))) == Stored()
    assert keeper.gone(2) is False
    assert keeper.snapshot() == before


def test_places_in_the_index_are_kept_when_they_change(keeper: Keeper) -> None:
    keeper.index(0, (100, "a"), (200, "a"))
    keeper.index(1, (100, "a"), (200, "a"))
    keeper.index(2, (200, "b"), (100, "a"))
    keeper.index(3, (300, "a"), (200, "b"), (100, "a"))
    assert keeper.places() == [(1, at(0)), (2, at(2)), (3, at(3))]
    assert keeper.places(200) == [(2, at(0)), (1, at(2)), (2, at(3))]
    assert keeper.places(300) == [(1, at(3))]


def test_a_thread_has_no_place_while_it_is_not_listed(keeper: Keeper) -> None:
    keeper.index(0, (100, "a"), (200, "a"))
    keeper.index(1, (200, "a"))
    keeper.index(2, (100, "a"), (200, "a"))
    keeper.index(3, (200, "a"))
    assert keeper.places() == [(1, at(0)), (1, at(2))]


def test_a_thread_that_is_gone_is_looked_for_in_no_later_order(keeper: Keeper) -> None:
    keeper.index(0, (200, "a"), (100, "a"))
    keeper.gone(1)
    keeper.db.run("INSERT INTO imageboard_orders VALUES ('fourchan', 'g', %(at)s, '{100}')", at=at(2))
    assert keeper.places() == [(2, at(0))]


def test_however_many_threads_move_one_row_is_written(keeper: Keeper) -> None:
    numbers = [*range(100, 250)]
    keeper.index(0, *((number, "a") for number in numbers))
    rows = "SELECT id, xmin::text FROM imageboard_threads WHERE id > 100 ORDER BY id"
    before = keeper.db.many(rows)
    for minutes in range(1, 20):  # each time the last thread is bumped to the top, and all others move
        numbers = [numbers[-1], *numbers[:-1]]
        keeper.index(minutes, *((number, "a") for number in numbers))
    assert keeper.db.many(rows) == before
    assert keeper.db.one("SELECT count(*) AS rows FROM imageboard_orders")["rows"] == 20
    assert [place for place, _ in keeper.places()] == [*range(1, 21)]


def test_an_index_that_says_the_same_writes_no_rows(keeper: Keeper) -> None:
    keeper.index(0, (100, "a"), (200, "a"))
    rows = "SELECT id, xmin::text FROM imageboard_threads ORDER BY id"
    before = keeper.db.many(rows)
    keeper.index(1, (100, "a"), (200, "a"))
    assert keeper.db.many(rows) == before
    assert keeper.db.one("SELECT count(*) AS rows FROM imageboard_orders")["rows"] == 1


def test_threads_that_wait_too_long_are_noted_until_they_are_read(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"), (200, "a"))
    keeper.look(1)
    assert keeper.unread() == []
    keeper.index(1, (100, "mark"), (200, "b"), (300, "a"))
    keeper.look(2)
    keeper.look(3)
    assert keeper.unread() == [(at(0), at(3), None, 3, 0, "")]
    reading.note_failure(keeper.db, PLACE, "It is away.")  # type: ignore[arg-type]
    keeper.db.run("UPDATE imageboard_threads SET due = NULL WHERE id <> 100")
    keeper.look(4)
    assert keeper.unread() == [(at(0), at(4), None, 3, 1, "It is away.")]
    keeper.read(4, thread())
    assert keeper.thread()["failure"] is None
    keeper.look(5)
    keeper.look(6)
    assert keeper.unread() == [(at(0), at(4), at(5), 3, 1, "It is away.")]


def test_a_thread_may_wait_for_one_look_and_as_long_as_looks_are_apart(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"))
    keeper.look(7, interval=300)
    assert keeper.unread() == []
    keeper.look(8, interval=300)
    assert keeper.unread() == [(at(0), at(8), None, 1, 0, "")]


def test_threads_that_vanished_or_have_no_mark_are_missed_too(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"), (200, ""))
    keeper.db.run("UPDATE imageboard_threads SET scraped = %(at)s, due = NULL", at=at(0))
    keeper.index(1, (200, ""))
    keeper.look(2)
    assert keeper.unread() == []
    keeper.look(3)
    assert keeper.unread() == [(at(1), at(3), None, 2, 0, "")]


def test_what_went_wrong_before_a_thread_was_to_be_read_is_no_reason(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"))
    keeper.read(0, thread())
    reading.note_failure(keeper.db, PLACE, "It was away.")  # type: ignore[arg-type]
    keeper.index(1, (100, "other"))
    keeper.look(4)
    assert keeper.unread() == [(at(1), at(4), None, 1, 0, "")]


def test_a_thread_that_is_gone_is_not_waited_for(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"))
    reading.note_failure(keeper.db, PLACE, "It is away.")  # type: ignore[arg-type]
    keeper.gone(1)
    keeper.look(9)
    assert (keeper.unread(), keeper.thread()["due"], keeper.thread()["failure"]) == ([], None, None)


def test_a_vanished_thread_is_asked_for_at_once_and_then_ever_more_seldom(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"), (200, "a"))
    keeper.read(0, thread())
    assert keeper.index(5, (200, "a"))[1] == [100, 200]
    assert (keeper.thread()["vanished"], keeper.thread()["listed"]) == (at(5), at(4))
    ages = (
        "UPDATE imageboard_threads SET due = NULL, vanished = now() - interval '10 minutes',"
        " scraped = now() - make_interval(mins => %(ago)s) WHERE id = 100"
    )
    for ago, is_due in ((1, False), (4, False), (6, True)):
        keeper.db.run(ages, ago=ago)
        assert (100 in keeper.index(6, (200, "a"))[1]) is is_due
    assert keeper.index(7, (100, "mark"), (200, "a")) == ([], [200])
    assert keeper.thread()["vanished"] is None


def test_a_deleted_thread_that_is_listed_again_is_named(keeper: Keeper) -> None:
    keeper.index(0, (100, "mark"))
    keeper.gone(1)
    assert keeper.index(2) == ([], [])
    assert keeper.index(3, (100, "mark")) == ([100], [])


def test_threads_that_came_from_elsewhere_are_not_asked_for(keeper: Keeper) -> None:
    keeper.read(0, thread(post(101)))  # no index has shown it
    assert keeper.index(1, (200, "a")) == ([], [200])
    assert keeper.thread()["vanished"] is None


def test_coverage_grows_while_the_outcome_is_the_same_and_no_interval_is_missed(ctx: Context) -> None:
    for minutes, failure in ((0, ""), (1, ""), (2, "down"), (3, "still down"), (4, ""), (7, "")):
        version = Version(f"tag {minutes}", dated=at(minutes))
        coverage.note(ctx.database, "fourchan", "g", at(minutes), 60, failure=failure, version=version)
    rows = ctx.database.many("SELECT began, ended, outcome, reason FROM imageboard_coverage ORDER BY began")
    assert [tuple(row.values()) for row in rows] == [
        (at(0), at(1), "read", ""),
        (at(2), at(3), "failed", "down"),
        (at(4), at(4), "read", ""),
        (at(7), at(7), "read", ""),
    ]
    known = coverage.last_read(ctx.database, "fourchan", "g")
    assert (known.read, known.version) == (at(7), Version("tag 7", dated=at(7)))
    assert coverage.last_read(ctx.database, "fourchan", "other").version == Version()


def test_images_are_asked_for_until_it_is_known_what_they_are(ctx: Context) -> None:
    every = {"a" * 32: "stored", "b" * 32: "missing", "c" * 32: "refused", "d" * 32: "different"}
    for md5, state in every.items():
        images.note(ctx.database, "fourchan", md5, state, name="images/aa/x.png" if state == "stored" else None)
    assert images.wanted(ctx.database, [*every, "e" * 32]) == {"b" * 32, "e" * 32}
    assert images.stored_images(ctx.database, list(every)) == {"a" * 32: "images/aa/x.png"}
    images.note(ctx.database, "fourchan", "a" * 32, "missing")
    assert images.stored_images(ctx.database, ["a" * 32]) == {"a" * 32: "images/aa/x.png"}


def test_a_post_is_stored_once_whoever_reads_it_too(keeper: Keeper) -> None:
    whole = thread(post(101))
    keeper.read(1, whole)
    keeper.read(1, replace(whole, posts=(*whole.posts, post(102))))
    assert sorted(keeper.posts()) == [100, 101, 102]
