"""Agreement is what reference implementations say: scikit-learn for kappa, `krippendorff` for alpha."""

from __future__ import annotations

import math
import random
import warnings
from collections import Counter
from pathlib import Path

import krippendorff
import pytest
from sklearn.metrics import cohen_kappa_score

from app.domain.agreement import MOST_COMPARED, Tally, cohen_kappa
from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput
from app.domain.user import User
from app.services.annotation import create_field, list_codes
from app.services.annotation_agreement import Agreement, agreements
from app.services.annotation_view import state_of, view_of
from app.services.context import Context
from app.storage import annotation as stored
from tests.results import store_table

VALUES = ("pro", "con", "neither", "unclear")
Units = dict[str, dict[str, str]]
"""For each item the value of each coder who coded it."""


@pytest.fixture
def posts(ctx: Context, admin: User, tmp_path: Path) -> Dataset:
    """A dataset with a field, in which nobody has coded anything."""
    made = store_table(ctx, admin, tmp_path)
    create_field(ctx, admin, made.key, name="stance", kind="text")
    return made


def coded(seed: int, coders: int, items: int, missing: float) -> Units:
    """Items that coders have coded more or less alike, with some left out."""
    chance = random.Random(seed)
    units = {}
    for item in range(items):
        truth = chance.choice(VALUES)
        units[str(item)] = {
            f"coder {coder}": truth if chance.random() < 0.7 else chance.choice(VALUES)
            for coder in range(coders)
            if chance.random() >= missing
        }
    return units


def note_down(ctx: Context, posts: Dataset, units: Units) -> None:
    (field,) = stored.fields_for(ctx.database, posts.key)
    with ctx.database.transaction() as tx:
        stored.save(tx, [(field.id, item, *code, None) for item, unit in units.items() for code in unit.items()])


def found(ctx: Context, admin: User, posts: Dataset, coder: str | None = None) -> Agreement:
    (one,) = agreements(ctx, admin, posts.key, coder=coder)
    assert one.agreement is not None
    return one.agreement


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("coders", "items", "missing"), [(2, 40, 0.0), (2, 12, 0.3), (3, 60, 0.4), (6, 25, 0.6), (9, 40, 0.5)]
)
def test_alpha_and_kappa_equal_the_references(
    ctx: Context, admin: User, posts: Dataset, seed: int, coders: int, items: int, missing: float
) -> None:
    units = coded(seed, coders, items, missing)
    note_down(ctx, posts, units)
    table = [[unit.get(f"coder {coder}") for unit in units.values()] for coder in range(coders)]
    numbers = [[math.nan if value is None else VALUES.index(value) for value in row] for row in table]
    alpha = krippendorff.alpha(reliability_data=numbers, level_of_measurement="nominal", value_domain=[0, 1, 2, 3])
    told = found(ctx, admin, posts)
    assert told.alpha == pytest.approx(alpha)
    assert told.coders == {
        f"coder {coder}": sum(value is not None for value in table[coder]) for coder in range(coders)
    }
    pairs = [
        one == two
        for unit in units.values()
        for at, one in enumerate(unit.values())
        for two in list(unit.values())[at + 1 :]
    ]
    assert told.share == pytest.approx(sum(pairs) / len(pairs))
    assert told.items == sum(len(unit) > 1 for unit in units.values())

    if coders > MOST_COMPARED:
        assert told.is_for_one
        assert told.pairs == []
        told = found(ctx, admin, posts, "coder 3")
    names = [(pair.first, pair.second) for pair in told.pairs]
    assert len(names) == (coders - 1 if coders > MOST_COMPARED else coders * (coders - 1) // 2)
    for pair in told.pairs:
        first, second = (table[int(name.split()[1])] for name in (pair.first, pair.second))
        both = [(one, two) for one, two in zip(first, second, strict=True) if one and two]
        assert pair.items == len(both)
        if len({value for values in both for value in values}) < 2:
            assert pair.kappa is None
            continue
        kappa = cohen_kappa_score([one for one, _ in both], [two for _, two in both])
        assert pair.kappa == pytest.approx(kappa)
        assert pair.share == pytest.approx(sum(one == two for one, two in both) / len(both))


def test_what_is_not_defined_is_none_as_in_the_references(ctx: Context, admin: User, posts: Dataset) -> None:
    same = [("yes", "yes")] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isnan(cohen_kappa_score([one for one, _ in same], [two for _, two in same]))
    assert cohen_kappa(Counter(same)) is None
    assert cohen_kappa({}) is None
    with pytest.raises(ValueError, match="more than one value"):
        krippendorff.alpha(reliability_data=[[1, 1], [1, 1]], level_of_measurement="nominal")
    assert found(ctx, admin, posts) == Agreement({}, 0, None, None, [])
    note_down(ctx, posts, {"1": {"ann": "yes"}, "2": {"bob": "no"}})
    alone = found(ctx, admin, posts)
    assert (alone.coders, alone.items, alone.share, alone.alpha) == ({"ann": 1, "bob": 1}, 0, None, None)
    note_down(ctx, posts, {"2": {"ann": "no"}})
    alike = found(ctx, admin, posts)
    assert (alike.items, alike.share, alike.alpha) == (1, 1, None)


def test_the_example_that_krippendorff_gives(ctx: Context, admin: User, posts: Dataset) -> None:
    """Twelve units, four observers: alpha is 0.743 (nominal)."""
    observers = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}
    note_down(
        ctx, posts, {str(at): {name: row[at] for name, row in observers.items() if row[at] != "."} for at in range(12)}
    )
    assert found(ctx, admin, posts).alpha == pytest.approx(0.743, abs=0.0005)
    assert Tally([], 0, 0).alpha is None


def test_nobody_is_compared_who_has_not_coded(ctx: Context, admin: User, posts: Dataset) -> None:
    with pytest.raises(InvalidInput, match="Nobody called eve has coded anything here"):
        agreements(ctx, admin, posts.key, coder="eve")


def test_the_state_is_that_of_the_values_however_they_came_to_be(ctx: Context, admin: User, posts: Dataset) -> None:
    """Kept by triggers, so whatever changes values has to leave what counting them anew would give."""
    units = coded(1, 3, 20, 0.2)
    note_down(ctx, posts, units)
    before = state(ctx, admin, posts)
    assert before[0] == sum(len(unit) for unit in units.values())
    seen = {before}

    item = next(item for item, unit in units.items() if "coder 1" in unit)
    kept = units[item]["coder 1"]
    for value in ("another", "", kept):
        note_down(ctx, posts, {item: {"coder 1": value}})
        if value != kept:
            assert state(ctx, admin, posts) not in seen
            seen.add(state(ctx, admin, posts))
    assert state(ctx, admin, posts) == before

    with ctx.database.transaction() as tx:
        assert stored.rename_coder(tx, "coder 1", "ann")
    assert state(ctx, admin, posts) not in seen
    assert stored.coders_of(ctx.database, *seen_by(ctx, admin, posts)) == {"stance": ["ann", "coder 0", "coder 2"]}
    with ctx.database.transaction() as tx:
        assert stored.rename_coder(tx, "ann", "coder 1")
    assert state(ctx, admin, posts) == before

    recounted = ctx.database.many(
        "SELECT field_id, coder, count(*) AS amount, sum(annotation_checksum(item, value)) AS checksum"
        " FROM annotation_values GROUP BY 1, 2 ORDER BY 2"
    )
    kept_rows = "SELECT field_id, coder, amount, checksum FROM annotation_counts WHERE amount <> 0 ORDER BY 2"
    assert ctx.database.many(kept_rows) == recounted
    assert list_codes(ctx, admin, posts.key, coder="coder 2", limit=1)[1] == found(ctx, admin, posts).coders["coder 2"]

    (field,) = stored.fields_for(ctx.database, posts.key)
    with ctx.database.transaction() as tx:
        stored.delete_field(tx, field.id)
    assert ctx.database.many("SELECT * FROM annotation_counts") == []


def seen_by(ctx: Context, actor: User, posts: Dataset) -> tuple[list[int], list[int], str]:
    view = view_of(ctx.database, actor, posts)
    return view.ids, view.own, view.coder


def state(ctx: Context, actor: User, posts: Dataset) -> tuple[int, str]:
    told = state_of(ctx.database, view_of(ctx.database, actor, posts))
    assert told is not None
    return told.count, told.checksum
