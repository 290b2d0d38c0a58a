"""How far coders agree: per cent, Cohen's kappa for two of them, Krippendorff's alpha (nominal) for any number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_COMPARED = 6
"""Of how many coders each two are compared; of more, one chosen coder with each of the others."""


@dataclass(frozen=True)
class Tally:
    """How often values were given, as far as agreement goes by it; items with less than two values do not count.

    `sizes` has for each number of values that items have: that number, how many such items there are, and the sum of
    the squares of how often each value was given to one of them. `values` is how many values they have together, and
    `squares` the sum of the squares of how often each value was given to any of them.
    """

    sizes: Sequence[tuple[int, int, int]]
    values: int
    squares: int

    @property
    def items(self) -> int:
        """How many items at least two have coded."""
        return sum(items for _, items, _ in self.sizes)

    @property
    def share(self) -> float | None:
        """The part of all pairs of values for the same item that are equal; None when there is no pair."""
        both = sum(items * size * (size - 1) for size, items, _ in self.sizes)
        same = sum(squares - items * size for size, items, squares in self.sizes)
        return same / both if both else None

    @property
    def alpha(self) -> float | None:
        """Krippendorff's alpha for nominal values, of any number of coders and with values missing.

        None when it is not defined: no item has two values, or all values are the same.
        """
        disagreed = sum((items * size * size - squares) / (size - 1) for size, items, squares in self.sizes)
        expected = self.values * self.values - self.squares
        return None if expected == 0 else 1 - (self.values - 1) * disagreed / expected


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


def pair_of(first: str, second: str, both: Mapping[tuple[str, str], int]) -> Pair:
    """How far two coders agree, of how often the first gave the one value where the second gave the other."""
    items = sum(both.values())
    same = sum(n for (one, two), n in both.items() if one == two)
    return Pair(first, second, items, same / items if items else None, cohen_kappa(both))


def cohen_kappa(both: Mapping[tuple[str, str], int]) -> float | None:
    """Cohen's kappa, of how often the first gave the one value where the second gave the other.

    None when it is not defined.
    """
    total = sum(both.values())
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (one, two), n in both.items():
        first[one] += n
        second[two] += n
    expected = sum(first[value] * second[value] for value in first)
    if total == 0 or expected == total * total:
        return None
    observed = sum(n for (one, two), n in both.items() if one == two)
    return (observed * total - expected) / (total * total - expected)
