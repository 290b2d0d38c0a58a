"""Owners who ask for things by chance, and write down what must come of each."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from app.domain.dataset import Status
from app.domain.errors import FourcatError, UserError
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from bench._soak_sides import Side

_MOST_OPEN = 12


@dataclass
class Asked:
    """A request that was accepted, the values its result must have, and what was done to it since."""

    key: str
    kind: str
    values: list[int]
    source: Asked | None = None
    is_deleted: bool = False
    may_be_deleted: bool = False
    was_cancelled: bool = False
    retries: int = 0


@dataclass
class Owner:
    """One user: asks, cancels, deletes, retries and asks again until stopped."""

    ctx: Context
    user: User
    side: Side
    seed: int
    asked: list[Asked] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._number = 0
        self._actions: list[tuple[float, Callable[[], None]]] = [
            (5, self._upload),
            (13, self._step),
            (4, self._preset),
            (3, self._filter),
            (2, self._rerun),
            (3, self._capture),
            (0.3, self._burst),
            (3, self._cancel),
            (2, self._delete),
            (3, self._retry),
        ]

    def run(self, stop: threading.Event) -> None:
        """Do one thing after the other until told to stop."""
        weights, actions = zip(*self._actions, strict=True)
        while not stop.is_set():
            action = self._random.choices(actions, weights)[0]
            try:
                if self._open() < _MOST_OPEN or action in (self._cancel, self._delete, self._retry):
                    action()
            except UserError:
                self.counts["refused"] += 1
            except (FourcatError, OSError):
                self.counts["unanswered"] += 1
            time.sleep(self._random.uniform(0.1, 0.7))

    def _open(self) -> int:
        row = self.ctx.database.one(
            "SELECT count(*) AS open FROM datasets WHERE status IN ('waiting', 'running') AND owner_id = %(owner)s",
            owner=self.user.id,
        )
        return int(row["open"])

    def _accepted(self, key: str, kind: str, values: list[int], source: Asked | None = None) -> None:
        if all(other.key != key for other in self.asked):
            self.asked.append(Asked(key, kind, values, source))

    def _any(self) -> Asked | None:
        """Something there, rather one of the latest."""
        found = [asked for asked in self.asked if not asked.is_deleted][-30:]
        return self._random.choice(found) if found else None

    def _upload(self) -> None:
        values = [self._random.randrange(1000) for _ in range(self._random.choice((5, 50, 400, 20_000)))]
        lines = [f"{number},post {number},{value}" for number, value in enumerate(values)]
        content = "\n".join(["id,body,value", *lines, ""]).encode()
        how = self._random.choice(("none", "none", "pseudonymise"))
        self._accepted(self.side.upload(content, how), "upload", values)

    def _capture(self) -> None:
        self._number += 1
        amount = self._random.randrange(1, 400)
        seconds = self._random.choice((0, 0.5, 3, 12))
        parameters = {"amount": amount, "seconds": seconds, "mark": f"{self.user.id}-{self._number}"}
        self._accepted(self.side.capture(parameters), "capture", list(range(amount)))

    def _step(self) -> None:
        source = self._any()
        if source is None:
            return
        self._number += 1
        add = self._random.randrange(100)
        options = {
            "add": add,
            "seconds": self._random.choice((0, 0, 0.3, 1, 3, 6)),
            "crash": self._random.choice((0, 0, 0, 0, 0.3, 1)),
            "mark": str(self._number),
        }
        key, _ = self.side.run(source.key, "soak-step", options)
        values = [value + add for value in source.values]
        self._accepted(key, "poison" if options["crash"] == 1 else "step", values, source)

    def _burst(self) -> None:
        """Ask for more than one person may have open; some of it is refused."""
        for _ in range(_MOST_OPEN):
            self._step()

    def _preset(self) -> None:
        source = self._any()
        if source is None:
            return
        add = self._random.randrange(1, 100_000)
        key, is_new = self.side.run(source.key, "soak-preset", {"add": add})
        if is_new:
            self._accepted(key, "preset", [value + 2 * add for value in source.values], source)

    def _filter(self) -> None:
        source = self._any()
        if source is None:
            return
        most = self._random.randrange(2000)
        options = {"column": "value", "match_style": "value-less-than", "match_value": str(most)}
        key, _ = self.side.run(source.key, "column-filter", options)
        self._accepted(key, "filter", [value for value in source.values if value < most], source)

    def _rerun(self) -> None:
        source = self._any()
        if source is not None:
            key, _ = self.side.run(source.key, "soak-step", {"add": 7}, rerun=True)
            self._accepted(key, "step", [value + 7 for value in source.values], source)

    def _cancel(self) -> None:
        found = self._with_status(Status.WAITING, Status.RUNNING)
        if found is not None:
            found.was_cancelled = True
            self.side.cancel(found.key)

    def _delete(self) -> None:
        found = self._any()
        if found is not None:
            doomed = [found, *(asked for asked in self.asked if self._hangs_on(asked, found))]
            for asked in doomed:
                asked.may_be_deleted = True
            self.side.delete(found.key)
            for asked in doomed:
                asked.is_deleted = True

    @staticmethod
    def _hangs_on(asked: Asked, ancestor: Asked) -> bool:
        source = asked.source
        while source is not None and source is not ancestor:
            source = source.source
        return source is not None

    def _retry(self) -> None:
        found = self._with_status(Status.FAILED, Status.CANCELLED)
        if found is not None:
            found.retries += 1
            self.side.retry(found.key)

    def _with_status(self, *statuses: Status) -> Asked | None:
        latest = [asked for asked in self.asked if not asked.is_deleted][-40:]
        for asked in self._random.sample(latest, len(latest)):
            found = datasets.find(self.ctx.database, asked.key)
            if found is not None and found.status in statuses:
                return asked
        return None
