"""Lists of datasets: whose, filters, orders, pages, marks; and many of them fast."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.domain.right import Right
from app.domain.share import Role
from app.domain.user import User
from app.services.bulk import do_to_all
from app.services.context import Context
from app.services.dataset import get_dataset, update_dataset
from app.services.dataset_list import ORDERS, Wanted, list_datasets
from app.services.mark import known_tags, marks_of, set_favourite, set_tags
from app.services.person_setting import Whose, change_person_settings
from app.services.share import share_with
from app.services.user import create_user, find_user
from app.storage import dataset as stored
from app.storage.dataset_list import matches_below
from tests.results import new_dataset


def add(ctx: Context, owner: User, label: str, **fields: object) -> str:
    made = new_dataset(owner, label=label, **fields)
    with ctx.database.transaction() as tx:
        stored.insert(tx, made)
    return made.key


def labels(ctx: Context, actor: User, **wanted: object) -> list[str]:
    return [dataset.label for dataset in list_datasets(ctx, actor, Wanted(**wanted))[0]]  # type: ignore[arg-type]


@pytest.fixture
def otto(ctx: Context) -> User:
    return create_user(ctx, "otto")


def test_whose(ctx: Context, admin: User, user: User, otto: User) -> None:
    shared = add(ctx, user, "shared")
    add(ctx, user, "private")
    public = add(ctx, user, "public", is_private=False)
    add(ctx, otto, "own")
    share_with(ctx, user, [shared], Role.VIEWER, ["otto"])
    for key in (shared, public):
        set_favourite(ctx, otto, key, is_favourite=True)
    assert labels(ctx, otto) == ["own"]
    assert labels(ctx, otto, whose="shared") == ["shared"]
    assert labels(ctx, otto, whose="favourites") == ["public", "shared"]
    assert labels(ctx, otto, whose="all") == ["own", "public", "shared"]
    assert labels(ctx, admin, whose="all") == ["own", "public", "private", "shared"]
    assert labels(ctx, otto, whose="all", owner="ursula") == ["public", "shared"]
    with pytest.raises(NotFound, match="no user called nobody"):
        labels(ctx, otto, whose="all", owner="nobody")


def test_a_favourite_that_is_no_longer_shared_is_not_listed(ctx: Context, user: User, otto: User) -> None:
    public = add(ctx, user, "public", is_private=False)
    set_favourite(ctx, otto, public, is_favourite=True)
    do_to_all(ctx, user, [public], "private")
    assert labels(ctx, otto, whose="favourites") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("coff", ["Coffee 100%"]),
        ("COFFEE 100%", ["Coffee 100%"]),
        ("offee prices", ["Coffee 100%"]),
        ("hashtags", ["Coffee 100%"]),
        ("per_ent", []),
        ("nothing", []),
        ("zürich", ["Tea"]),
        ("query", []),  # the name of a parameter, which no person has written
    ],
)
def test_words_are_found_in_names_parameters_and_columns(ctx: Context, user: User, text: str, found: list[str]) -> None:
    add(ctx, user, "Coffee 100%", parameters={"query": {"any": ["prices"]}}, columns=["id", "hashtags"])
    add(ctx, user, "Tea", parameters={"query": "Zürich"})
    assert labels(ctx, user, text=text) == found


def test_words_are_found_in_what_was_made_from_a_capture(ctx: Context, user: User) -> None:
    top = add(ctx, user, "Coffee")
    child = add(ctx, user, "Histogram of tea", parent=top, top=top)
    assert labels(ctx, user, text="histogram tea") == ["Coffee"]
    below = matches_below(ctx.database, [top], ["histogram"])
    assert [row["key"] for row in below[top]] == [child]


def test_filters_and_orders(ctx: Context, user: User) -> None:
    for number, label in enumerate(("b", "C", "a")):
        key = add(ctx, user, label, datasource="upload" if number else "fourchan")
        ctx.database.run(
            "UPDATE datasets SET rows = %(rows)s, created = %(created)s WHERE key = %(key)s",
            rows=[5, None, 9][number],
            created=datetime(2026, 1, 1 + number, 23, 59, tzinfo=UTC),
            key=key,
        )
        set_tags(ctx, user, key, ["All", f"n{number}"])
    assert labels(ctx, user, datasource="fourchan") == ["b"]
    assert labels(ctx, user, tag="N1") == ["C"]
    assert labels(ctx, user, status="finished") == []
    assert labels(ctx, user, since=datetime(2026, 1, 2, tzinfo=UTC)) == ["a", "C"]
    assert labels(ctx, user, until=datetime(2026, 1, 2, tzinfo=UTC)) == ["C", "b"]
    in_order = {
        "newest": ["a", "C", "b"],
        "oldest": ["b", "C", "a"],
        "largest": ["a", "b", "C"],
        "name": ["a", "b", "C"],
    }
    assert set(in_order) == set(ORDERS)
    for order, expected in in_order.items():
        assert labels(ctx, user, order=order) == expected
        paged, cursor = [], None
        while len(paged) < 4:
            found, cursor = list_datasets(ctx, user, Wanted(order=order, limit=1, cursor=cursor))
            paged += [dataset.label for dataset in found]
            if cursor is None:
                break
        assert paged == expected
    assert known_tags(ctx, user) == ["all", "n0", "n1", "n2"]


def test_tags_are_read_kindly_and_refused_by_name(ctx: Context, user: User, otto: User) -> None:
    key = add(ctx, user, "Coffee")
    assert set_tags(ctx, user, key, [" Master  Thesis ", "", "2026", "2026"]) == ["2026", "master thesis"]
    assert set_tags(ctx, user, key, ["new"], keep=True) == ["2026", "master thesis", "new"]
    assert set_tags(ctx, user, key, []) == []
    with pytest.raises(InvalidInput) as wrong:
        set_tags(ctx, user, key, ["x" * 51])
    assert list(wrong.value.fields) == ["tags"]
    assert known_tags(ctx, otto) == []


def test_many_at_once_each_by_itself(ctx: Context, user: User, otto: User) -> None:
    own, other, public = add(ctx, user, "own"), add(ctx, otto, "secret"), add(ctx, otto, "open", is_private=False)
    outcome = do_to_all(ctx, user, [own, other, public, own], "delete")
    assert (outcome.done, outcome.refused) == ([own], 2)
    assert any("belongs to somebody else" in problem for problem in outcome.problems)
    assert do_to_all(ctx, user, [own], "restore").done == [own]
    assert do_to_all(ctx, user, [own, public], "favourite").done == [own, public]
    assert do_to_all(ctx, user, [own], "tag", tags=["a"]).done == [own]
    assert do_to_all(ctx, user, [own], "share", names=["nobody"]).problems == ["There is no user called nobody."]
    marks = marks_of(ctx, user, list_datasets(ctx, user, Wanted())[0])
    assert (marks.favourites, marks.tags) == ({own}, {own: ["a"]})


def test_who_may_not_list_those_of_others_lists_their_own_and_shared_ones(
    ctx: Context, admin: User, user: User, otto: User
) -> None:
    public = add(ctx, user, "public", is_private=False)
    share_with(ctx, user, [add(ctx, user, "shared")], Role.VIEWER, ["otto"])
    add(ctx, otto, "own")
    assert labels(ctx, otto, whose="all") == ["own", "shared", "public"]
    change_person_settings(ctx, admin, Whose(user_id=otto.id), {"rights.browse": False})
    assert labels(ctx, otto, whose="all") == ["own", "shared"]
    assert get_dataset(ctx, otto, public).key == public  # whoever has its address
    assert labels(ctx, admin, whose="all") == ["own", "shared", "public"]


@pytest.mark.parametrize("right", [Right.SIGHT, Right.DATASETS])
def test_who_has_the_right_lists_all_and_changes_only_with_the_other(
    ctx: Context, admin: User, user: User, otto: User, right: Right
) -> None:
    hidden = add(ctx, user, "hidden")
    set_tags(ctx, user, hidden, ["tea"])
    assert (labels(ctx, otto, whose="all"), known_tags(ctx, otto)) == ([], [])
    change_person_settings(ctx, admin, Whose(user_id=otto.id), {right.setting: True})
    seeing = find_user(ctx, "otto")
    assert (labels(ctx, seeing, whose="all"), known_tags(ctx, seeing)) == (["hidden"], ["tea"])
    if right is Right.DATASETS:
        assert update_dataset(ctx, seeing, hidden, label="changed").label == "changed"
    else:
        with pytest.raises(NotAllowed):
            update_dataset(ctx, seeing, hidden, label="changed")


def test_ten_thousand_datasets_are_listed_fast(ctx: Context, user: User, otto: User) -> None:
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, top, acts_as, label, owner_id, is_private, parameters, columns)"
        " SELECT 'k' || n, 'upload', 'upload', 'k' || n, 'items', 'Posts ' || n, %(owner)s, n %% 2 = 0,"
        ' jsonb_build_object(\'q\', md5(n::text)), \'["id", "body", "author"]\' FROM generate_series(1, 10000) n',
        owner=user.id,
    )
    ctx.database.run("ANALYZE datasets")
    for actor, wanted in (
        (user, Wanted()),
        (otto, Wanted(whose="all")),
        (otto, Wanted(whose="shared")),
        (user, Wanted(text="posts 9999")),
        (user, Wanted(order="name")),
    ):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            list_datasets(ctx, actor, wanted)
            times.append(time.perf_counter() - started)
        assert min(times) < 0.1, wanted
