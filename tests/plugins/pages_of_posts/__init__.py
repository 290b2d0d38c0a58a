"""A data source that collects made-up records, some of which cannot be mapped, from nowhere or from a test's server."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from app.plugins import CaptureRun, Choice, DataSource, Number, Text

PAGE = 10


def post(number: int) -> dict[str, Any]:
    """The record with a number; every tenth lacks its author."""
    record: dict[str, Any] = {"pk": number, "text": f"post {number}", "likes": number, "tags": ["a", "b"]}
    if number % 10 != 9:
        record["user"] = {"name": f"user{number % 3}"}
    return record


class PagesOfPosts(DataSource):
    """Collect numbered posts; every tenth lacks its author."""

    id = "pages_of_posts"
    title = "Pages of posts"
    columns: ClassVar[Mapping[str, type]] = {"likes": int, "tags": list}

    @dataclass(frozen=True)
    class Options:
        """How many, from where, and what goes wrong at a page of the first attempt."""

        amount: int = Number("Amount", 20, minimum=1)
        server: str = Text("Address of a server that has them in pages")
        fault: str = Choice("Fault", {"none": "None", "sleep": "Sleep", "die": "Die", "memory": "Fill memory"})
        at: int = Number("At page", 0)
        trace: str = Text("File in which each attempt leaves its process")
        checkpoints: str = Choice("Brings home", {"each": "Each page", "asked": "When asked to"})
        expires: str = Choice("The place to go on from has expired", {"no": "No", "yes": "Yes"})

    def collect(self, options: Options, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        """Make the records up, or ask for page after page."""
        if not options.server:
            yield from (post(number) for number in range(options.amount))
            return
        if options.expires == "yes" and run.resumed is not None:
            run.start_over("the place has expired")
        if options.trace:
            with Path(options.trace).open("a") as trace:
                trace.write(f"{os.getpid()}\n")
        first = run.resumed["page"] if run.resumed is not None else 0
        for page in range(first, -(-options.amount // PAGE)):
            if page == options.at and options.fault != "none" and self._is_first_attempt(options):
                self._fault(options, run, page)
            with urllib.request.urlopen(f"{options.server}/{page}", timeout=10) as answer:
                yield from json.load(answer)
            if options.checkpoints == "each":
                os.kill(os.getpid(), signal.SIGUSR1)  # as when the machine is about to stop: do not wait ten seconds
            run.checkpoint({"page": page + 1})

    @staticmethod
    def _is_first_attempt(options: Options) -> bool:
        return len(Path(options.trace).read_text().split()) == 1

    @staticmethod
    def _fault(options: Options, run: CaptureRun, page: int) -> None:
        if options.fault == "die":
            time.sleep(1)  # what was said last has to arrive first
            os.kill(os.getpid(), signal.SIGKILL)
        taken = []
        while options.fault == "memory":
            taken.append(b"x" * 20_000_000)
            time.sleep(0.02)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            time.sleep(0.05)
            run.checkpoint({"page": page})

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        """Map one record."""
        return {
            "id": str(raw["pk"]),
            "thread_id": str(raw["pk"]),
            "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
            "author": raw["user"]["name"],
            "body": raw["text"],
            "likes": raw["likes"],
            "tags": raw["tags"],
        }
