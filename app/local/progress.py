"""Show how datasets get on: lines rewritten in place on a terminal, one line per change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import lineage
from app.services.outlook import Outlook, outlooks

_PAUSE = 0.25
_LONG_WAIT = 5.0


class Board:
    """One line per dataset."""

    def __init__(self, out: TextIO = sys.stdout, width: int = 100) -> None:
        self._out = out
        self._width = width
        self._is_terminal = out.isatty()
        self._drawn = 0
        self._said: dict[str, str] = {}
        self._began = time.monotonic()

    def show(self, found: Sequence[Dataset], depths: dict[str, int], waits: Mapping[str, Outlook]) -> None:
        """Bring the lines up to date. Elsewhere than on a terminal, a wait is only told of when it gets long."""
        lines = {
            dataset.key: self._line(dataset, depths.get(dataset.key, 0), waits.get(dataset.key)) for dataset in found
        }
        if self._is_terminal:
            up = f"\x1b[{self._drawn}F" if self._drawn else ""
            self._out.write(up + "".join(f"\x1b[2K{line}\n" for line in lines.values()))
            self._drawn = len(lines)
        else:
            for dataset in found:
                word = str(dataset.status)
                is_new = dataset.status is not Status.WAITING or time.monotonic() - self._began > _LONG_WAIT
                if self._said.get(dataset.key) != word and is_new:
                    self._said[dataset.key] = word
                    self._out.write(lines[dataset.key] + "\n")
        self._out.flush()

    def _line(self, dataset: Dataset, depth: int, wait: Outlook | None) -> str:
        name = f"{'  ' * depth}{dataset.label}"
        text = (_told(wait) if wait is not None else dataset.message).replace("\n", " ")
        if dataset.status is Status.RUNNING and dataset.progress:
            text = f"{dataset.progress:4.0%} {text}"
        return f"{dataset.status!s:<9} {name:<36.36} {text}"[: self._width]


def _told(wait: Outlook) -> str:
    """What a dataset waits for: its place, when it may start, and the reason."""
    place = "" if wait.position is None else f"No. {wait.position:,}{' or later' if wait.is_capped else ''}. "
    start = "" if wait.expected_start is None else f"Expected at {wait.expected_start.astimezone():%H:%M:%S}. "
    return f"{place}{start}{wait.reason}"


def wait_for(ctx: Context, actor: User, top: str, keys: Sequence[str], board: Board) -> list[Dataset]:
    """Show the datasets of one family until all of these have ended; their last state, in this order."""
    while True:
        family = {dataset.key: dataset for dataset in lineage(ctx, actor, top)}
        found = [family[key] for key in keys if key in family]
        board.show(found, depths_of(family), outlooks(ctx, found))
        if all(dataset.status.is_ended for dataset in found):
            return found
        time.sleep(_PAUSE)


def depths_of(family: dict[str, Dataset]) -> dict[str, int]:
    """How deep each dataset of a family lies below its capture."""
    depths: dict[str, int] = {}
    for key, dataset in family.items():
        depth, parent = 0, dataset.parent
        while parent in family:
            depth, parent = depth + 1, family[parent].parent
        depths[key] = depth
    return depths
