"""What plain RQ does in `bench/queue.py`: a function that says when it was started."""

from __future__ import annotations

import time

from bench._starts import note


def started(name: str, seconds: float) -> None:
    """Note the time, and take as long as asked."""
    note(name)
    time.sleep(seconds)
