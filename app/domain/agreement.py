"""How far coders agree: per cent, Cohen's kappa for two of them, Krippendorff's alpha (nominal) for any number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

Units = Mapping[str, Mapping[str, str]]
"""For each item the value of each coder who coded it."""


@dataclass(frozen=True)
class Pair:
    """Two coders, how many items both have coded, the share of those in which they agree, and kappa.

    `kappa` is None when it is not defined: nothing was coded by both, or both gave everything the same one value.
    """

    first: str
    second: str
    items: int
    share: float | None
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """How far the coders of one field agree.

    `items` counts those that at least two have coded. `share` is the part of all pairs of values for the same item that
    are equal, from 0 to 1. `alpha` is None when it is not defined: fewer than two values, or one value only.
    """

    coders: dict[str, int]
    items: int
    share: float | None
    alpha: float | None
    pairs: list[Pair]


def units_of(codes: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """Group (item, coder, value) by item."""
    units: dict[str, dict[str, str]] = defaultdict(dict)
    for item, coder, value in codes:
        units[item][coder] = value
    return dict(units)


def agreement(units: Units) -> Agreement:
    """How far the coders of these items agree."""
    coders = Counter(coder for unit in units.values() for coder in unit)
    names = sorted(coders)
    shared = [unit for unit in units.values() if len(unit) > 1]
    same = both = 0
    for unit in shared:
        size = len(unit)
        both += size * (size - 1)
        same += sum(n * (n - 1) for n in Counter(unit.values()).values())
    return Agreement(
        coders={name: coders[name] for name in names},
        items=len(shared),
        share=same / both if both else None,
        alpha=krippendorff_alpha(shared),
        pairs=[_pair(units, first, second) for first, second in combinations(names, 2)],
    )


def _pair(units: Units, first: str, second: str) -> Pair:
    both = [(unit[first], unit[second]) for unit in units.values() if first in unit and second in unit]
    share = sum(one == two for one, two in both) / len(both) if both else None
    return Pair(first, second, len(both), share, cohen_kappa(both))


def cohen_kappa(both: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two coders' values for the same items; None when it is not defined."""
    table = Counter(both)
    total = sum(table.values())
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (one, two), n in table.items():
        first[one] += n
        second[two] += n
    expected = sum(first[value] * second[value] for value in first)
    if total == 0 or expected == total * total:
        return None
    observed = sum(n for (one, two), n in table.items() if one == two)
    return (observed * total - expected) / (total * total - expected)


def krippendorff_alpha(units: Iterable[Mapping[str, str]]) -> float | None:
    """Krippendorff's alpha for nominal values, of any number of coders and with values missing.

    None when it is not defined: no item has two values, or all values are the same.
    """
    values: Counter[str] = Counter()
    disagreed = 0.0
    for unit in units:
        size = len(unit)
        if size < 2:
            continue
        found = Counter(unit.values())
        values += found
        disagreed += (size * size - sum(n * n for n in found.values())) / (size - 1)
    total = sum(values.values())
    expected = total * total - sum(n * n for n in values.values())
    return None if expected == 0 else 1 - (total - 1) * disagreed / expected
