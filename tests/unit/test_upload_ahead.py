"""Reading ahead keeps order, passes errors on and ends with its user."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from datasources.upload._ahead import ahead


def test_pieces_come_in_order() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))


def test_errors_come_where_the_pieces_are_used() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = ahead(source())

    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_the_thread_ends_when_nobody_reads_on() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    found = ahead(endless())
    next(found)
    found.close()  # type: ignore[attr-defined]

    assert not [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_only_one_piece_is_read_ahead() -> None:
    read: list[int] = []

    def source() -> Iterator[int]:
        for number in range(50):
            read.append(number)
            yield number

    found = ahead(source())
    next(found)
    assert len(read) <= 4
    found.close()  # type: ignore[attr-defined]
