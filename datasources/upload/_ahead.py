"""Read ahead in a thread, so that the next piece of a file is read while the one before is written."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_WAIT = 0.2


def ahead(source: Iterator[T]) -> Iterator[T]:
    """Yield what `source` yields, one piece ahead; its errors are raised here."""
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
    stopped = threading.Event()
    thread = threading.Thread(target=_work, args=(source, ready, stopped), name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            piece, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            if piece is not None:
                yield piece
    finally:
        stopped.set()
        thread.join()


def _work(source: Iterator[T], ready: queue.Queue[Any], stopped: threading.Event) -> None:
    try:
        for piece in source:
            if not _put(ready, (piece, None), stopped):
                return
        _put(ready, (None, StopIteration()), stopped)
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is raised where the pieces are used)
        _put(ready, (None, error), stopped)


def _put(ready: queue.Queue[Any], found: Any, stopped: threading.Event) -> bool:
    """Hand something over; False when nobody wants it any more."""
    while not stopped.is_set():
        try:
            ready.put(found, timeout=_WAIT)
            return True
        except queue.Full:
            continue
    return False
