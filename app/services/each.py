"""The same done to many things at once: to each by itself, so that one that refuses does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from app.domain.errors import UserError

Name = TypeVar("Name", bound=Hashable)


@dataclass
class Outcome(Generic[Name]):
    """With which it worked, why it did not with others (each reason once), and how many those are."""

    done: list[Name] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    refused: int = 0


def do_to_each(names: Iterable[Name], do: Callable[[Name], object], most: int | None = None) -> Outcome[Name]:
    """Do something to each of these, or to the first so many, and to none of them twice.

    Where the user's input or rights are in the way of one, it goes on with the next.
    """
    outcome: Outcome[Name] = Outcome()
    for name in islice(dict.fromkeys(names), most):
        try:
            do(name)
            outcome.done.append(name)
        except UserError as error:
            outcome.refused += 1
            if error.message not in outcome.problems:
                outcome.problems.append(error.message)
    return outcome
