"""Read ahead in a thread, so that the next piece of a file is read while the one before is written."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")
_WAIT = 0.2


def ahead(source: Iterator[T]) -> Iterator[T]:
    """Yield what `source` yields, one piece ahead; its errors are raised here."""
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
    stopped = threading.Event()

    def put(piece: T | None, error: BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put((piece, error), timeout=_WAIT)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for piece in source:
                if not put(piece, None):
                    return
            put(None, StopIteration())
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is raised where the pieces are used)
            put(None, error)

    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
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
