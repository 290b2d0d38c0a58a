"""Agreement is what reference implementations say: scikit-learn for kappa, `krippendorff` for alpha."""

from __future__ import annotations

import math
import random
import warnings

import krippendorff
import pytest
from sklearn.metrics import cohen_kappa_score

from app.domain.agreement import agreement, cohen_kappa, krippendorff_alpha

VALUES = ("pro", "con", "neither", "unclear")


def coded(seed: int, coders: int, items: int, missing: float) -> dict[str, dict[str, str]]:
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


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("coders", "items", "missing"), [(2, 40, 0.0), (2, 12, 0.3), (3, 60, 0.4), (6, 25, 0.6)])
def test_alpha_and_kappa_equal_the_references(seed: int, coders: int, items: int, missing: float) -> None:
    units = coded(seed, coders, items, missing)
    table = [[unit.get(f"coder {coder}") for unit in units.values()] for coder in range(coders)]
    numbers = [[math.nan if value is None else VALUES.index(value) for value in row] for row in table]
    alpha = krippendorff.alpha(reliability_data=numbers, level_of_measurement="nominal", value_domain=[0, 1, 2, 3])
    found = agreement(units)
    assert found.alpha == pytest.approx(alpha)

    for pair in found.pairs:
        first, second = (table[int(name.split()[1])] for name in (pair.first, pair.second))
        both = [(one, two) for one, two in zip(first, second, strict=True) if one and two]
        assert pair.items == len(both)
        if len({value for values in both for value in values}) < 2:
            assert pair.kappa is None
            continue
        kappa = cohen_kappa_score([one for one, _ in both], [two for _, two in both])
        assert pair.kappa == pytest.approx(kappa)
        assert pair.share == pytest.approx(sum(one == two for one, two in both) / len(both))


def test_what_is_not_defined_is_none_as_in_the_references() -> None:
    same = [("yes", "yes")] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isnan(cohen_kappa_score([one for one, _ in same], [two for _, two in same]))
    assert cohen_kappa(same) is None
    with pytest.raises(ValueError, match="more than one value"):
        krippendorff.alpha(reliability_data=[[1, 1], [1, 1]], level_of_measurement="nominal")
    assert krippendorff_alpha([{"ann": "yes", "bob": "yes"}] * 2) is None
    assert cohen_kappa([]) is None
    alone = agreement({"1": {"ann": "yes"}, "2": {"bob": "no"}})
    assert (alone.items, alone.share, alone.alpha) == (0, None, None)


def test_the_example_that_krippendorff_gives() -> None:
    """Twelve units, four observers: alpha is 0.743 (nominal)."""
    observers = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}
    units = [{name: row[at] for name, row in observers.items() if row[at] != "."} for at in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.0005)
