"""The analyses of one dataset, asked for on another."""

from __future__ import annotations

import pytest

from app.domain.dataset import Dataset, Status
from app.domain.errors import InvalidInput, NotFound
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import lineage, update_dataset
from app.services.repeat import list_examples, list_repeatable, repeat_analyses
from app.services.run import run_processor
from tests.conftest import Process, finished_posts, import_posts, wait_for_end

Tree = dict[str, Dataset]


@pytest.fixture
def worked_out(ctx: Context, admin: User) -> Tree:
    """A capture with a chain, a filter with a count of it, and a preset of which one step was read once more."""
    top = finished_posts(ctx, admin)
    tree = {"top": top}

    def add(name: str, parent: str, type_: str, options: dict[str, object]) -> None:
        tree[name], _ = run_processor(ctx, admin, tree[parent].key, type_, options)

    add("per day", "top", "count-posts", {"timeframe": "day"})
    add("bars", "per day", "histogram", {})
    add("some", "top", "random-filter", {"sample_size": 20})
    add("some per year", "some", "count-posts", {"timeframe": "year"})
    add("preset", "top", "preset-histogram", {"timeframe": "week"})
    step = next(one for one in lineage(ctx, admin, top.key) if one.parent == tree["preset"].key)
    tree["step"] = step
    add("bars of the step", "step", "histogram", {"header": "My own"})
    return tree


def shape(ctx: Context, actor: User, top: str) -> list[tuple[str, str | None, str]]:
    """What hangs on what: types and options, without keys."""
    family = {dataset.key: dataset for dataset in lineage(ctx, actor, top)}
    return sorted(
        (one.type, family[one.parent].type, str(sorted(one.parameters.items())))
        for one in family.values()
        if one.parent is not None
    )


def test_all_of_it_is_asked_for_as_it_was(ctx: Context, admin: User, worked_out: Tree, workers: Process) -> None:
    other = import_posts(ctx, admin)
    done = repeat_analyses(ctx, admin, other.key, worked_out["top"].key)
    assert done.refused == []
    assert all(is_new for _, _, is_new in done.asked)
    assert shape(ctx, admin, other.key) == shape(ctx, admin, worked_out["top"].key)
    for one in lineage(ctx, admin, other.key):
        assert wait_for_end(ctx, one.key).status is Status.FINISHED
    again = repeat_analyses(ctx, admin, other.key, worked_out["top"].key)
    assert [made.key for _, made, _ in again.asked] == [made.key for _, made, _ in done.asked]
    assert not any(is_new for _, _, is_new in again.asked)


def test_what_can_be_repeated_lies_in_order_and_without_steps(ctx: Context, admin: User, worked_out: Tree) -> None:
    other = finished_posts(ctx, admin)
    found = list_repeatable(ctx, admin, other.key, worked_out["top"].key)
    named = {dataset.key: name for name, dataset in worked_out.items()}
    assert [(named[one.dataset.key], one.depth, named[one.reads]) for one in found] == [
        ("per day", 0, "top"),
        ("bars", 1, "per day"),
        ("some", 0, "top"),
        ("some per year", 1, "some"),
        ("preset", 0, "top"),
        ("bars of the step", 1, "step"),
    ]


def test_what_is_left_out_or_does_not_fit_holds_up_only_what_reads_it(
    ctx: Context, admin: User, worked_out: Tree
) -> None:
    top, tree = worked_out["top"], worked_out
    tags, _ = run_processor(ctx, admin, top.key, "attribute-frequencies", {"columns": ["hashtags"]})
    run_processor(ctx, admin, tags.key, "random-filter", {})
    other = finished_posts(ctx, admin)
    ctx.database.run(
        "UPDATE datasets SET columns = columns - 'hashtags' WHERE key = %(key)s",
        key=other.key,
    )
    only = {one.dataset.key for one in list_repeatable(ctx, admin, other.key, top.key)} - {tree["per day"].key}
    done = repeat_analyses(ctx, admin, other.key, top.key, only)
    assert {one.key for one, _, _ in done.asked} == {
        tree[name].key for name in ("some", "some per year", "preset", "bars of the step")
    }
    refused = {one.label: reason for one, reason in done.refused}
    assert "hashtags" in refused.pop(tags.label)
    assert set(refused.values()) == {"What it reads has not been asked for."}
    assert set(refused) == {"Histogram", "Random sample"}


def test_a_filter_can_be_given_what_its_own_capture_has(ctx: Context, admin: User, worked_out: Tree) -> None:
    top, target = worked_out["top"], worked_out["some per year"]
    filtered = worked_out["some"]
    assert [one.key for one in list_examples(ctx, admin, filtered.key)] == [top.key]
    assert [one.key for one in list_examples(ctx, admin, target.key)] == [
        worked_out[n].key for n in ("per day", "step")
    ]
    done = repeat_analyses(ctx, admin, filtered.key, top.key)
    assert (len(done.asked), done.refused) == (4, []), "neither itself nor what was made from it"


def test_examples_are_what_one_may_see_and_has_analyses(
    ctx: Context, admin: User, user: User, worked_out: Tree
) -> None:
    mine, top = finished_posts(ctx, user), worked_out["top"]
    finished_posts(ctx, admin)
    update_dataset(ctx, admin, top.key, label="The tea pilot", is_private=True)
    assert list_examples(ctx, user, mine.key) == []
    with pytest.raises(NotFound):
        repeat_analyses(ctx, user, mine.key, top.key)
    update_dataset(ctx, admin, top.key, is_private=False)
    assert [one.key for one in list_examples(ctx, user, mine.key)] == [top.key]
    assert [one.key for one in list_examples(ctx, user, mine.key, "tea")] == [top.key]
    assert list_examples(ctx, user, mine.key, "coffee machine") == []


def test_nothing_is_asked_for_without_a_choice(ctx: Context, admin: User, worked_out: Tree) -> None:
    other = finished_posts(ctx, admin)
    with pytest.raises(InvalidInput, match="at least one"):
        repeat_analyses(ctx, admin, other.key, worked_out["top"].key, [])
    with pytest.raises(InvalidInput, match="another dataset than this"):
        repeat_analyses(ctx, admin, other.key, other.key)
    for number in range(101):
        run_processor(ctx, admin, worked_out["top"].key, "random-filter", {"sample_size": number + 1})
    with pytest.raises(InvalidInput, match="at most 100"):
        repeat_analyses(ctx, admin, other.key, worked_out["top"].key)
