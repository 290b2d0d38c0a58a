"""Long lists in pages: while rows come and go, each row that stays is seen exactly once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from app.storage import dataset as datasets
from app.storage import repair
from app.storage.database import Transaction
from tests.api.conftest import Call
from tests.results import new_dataset

Put = Callable[[Context, Transaction, User, str], object]


def put_dataset(ctx: Context, tx: Transaction, user: User, name: str) -> None:
    datasets.insert(tx, new_dataset(user, label=name))


def put_job(ctx: Context, tx: Transaction, user: User, name: str) -> None:
    ctx.queue.enqueue(tx, "count-posts", name, owner=str(user.id), delay=1000)


def put_repair(ctx: Context, tx: Transaction, user: User, name: str) -> None:
    repair.add(tx, "test", name)


def put_token(ctx: Context, tx: Transaction, user: User, name: str) -> None:
    create_token(ctx, user, name)


LISTS: dict[str, tuple[str, str, Put]] = {
    "/api/datasets": ("owner", "datasets", put_dataset),
    "/api/jobs": ("admin", "jobs", put_job),
    "/api/repairs": ("admin", "repairs", put_repair),
    "/api/tokens": ("owner", "tokens", put_token),
}


def pages(call: Call, role: str, path: str) -> Iterator[list[Any]]:
    """The pages of a list, each found by the link in the one before it."""
    following: str | None = f"{path}?limit=5"
    while following:
        answer = call(role, "GET", following)
        assert answer.status_code == 200, answer.json
        yield answer.json["datasets"] if path == "/api/datasets" else answer.json
        found = re.fullmatch(r'<http://localhost(/[^>]+)>; rel="next"', answer.headers.get("Link", ""))
        following = found[1] if found else None


@pytest.mark.parametrize("path", LISTS)
def test_rows_that_stay_are_seen_once_while_others_come_and_go(ctx: Context, user: User, call: Call, path: str) -> None:
    role, table, put = LISTS[path]
    number = "key" if path == "/api/datasets" else "id"

    def add(name: str) -> None:
        with ctx.database.transaction() as tx:
            put(ctx, tx, user, name)

    def there() -> list[Any]:
        mine = "WHERE user_id = %(user)s" if table == "tokens" else ""
        found = ctx.database.many(f"SELECT {number} AS n FROM {table} {mine} ORDER BY id", user=user.id)
        return [row["n"] for row in found]

    for n in range(23):
        add(f"row {n}")
    staying = set(there()[3::2])  # the owner's tokens of the fixture are among the first three
    seen: list[Any] = []
    for turn, page in enumerate(pages(call, role, path)):
        assert 0 < len(page) <= 5
        seen.extend(row[number] for row in page)
        add(f"new {turn}")
        doomed = [n for n in there()[3:] if n not in staying]
        ctx.database.run(f"DELETE FROM {table} WHERE {number} = ANY(%(gone)s)", gone=doomed[:1] + doomed[-2:-1])
        assert turn < 20
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)


@pytest.mark.parametrize("path", [*LISTS, "/api/datasets?q=a%26b&status=waiting"])
def test_a_cursor_beyond_the_end_gives_nothing_and_a_wrong_one_is_named(call: Call, path: str) -> None:
    role = LISTS[path.partition("?")[0]][0]
    sign = "&" if "?" in path else "?"
    end = 2**63 - 1 if "jobs" in path else 0
    answer = call(role, "GET", f"{path}{sign}cursor={end}")
    assert (answer.status_code, "Link" in answer.headers) == (200, False)
    assert not (answer.json["datasets"] if "datasets" in path else answer.json)
    for wrong in ("x", str(2**63), "-1"):
        refused = call(role, "GET", f"{path}{sign}cursor={wrong}")
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["cursor"])
