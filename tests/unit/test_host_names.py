"""Host names of visitors: which count, how long it takes to find out, and what is remembered."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address

import pytest

from app.services import host_name
from app.services.host_name import HostNames
from app.services.visitor import is_listed
from tests.name_server import name_server, silent_server

PATIENT = 20.0


@pytest.fixture(scope="module")
def zone() -> Iterator[tuple[str, Counter[str]]]:
    with name_server() as found:
        yield found


@pytest.fixture
def names(zone: tuple[str, Counter[str]]) -> HostNames:
    zone[1].clear()
    return HostNames(zone[0], PATIENT)


@pytest.mark.parametrize(
    ("address", "entries", "expected"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8", "11.1.2.4"), False),
        ("2001:db8::1", ("2001:db8::/32",), True),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("192.0.2.10", ("lab-7.example.org",), True),
        ("192.0.2.10", ("*.EXAMPLE.org.",), True),
        ("192.0.2.10", ("lab-?.example.org",), True),
        ("192.0.2.10", ("*.example.net", "192.0.2.11"), False),
        ("192.0.2.10", ("example.org",), False),
        ("192.0.2.11", ("*",), False),  # its name leads to another address
        ("192.0.2.12", ("*",), False),  # its name leads nowhere
        ("192.0.2.13", ("lab-9.example.org",), True),  # the second of its names
        ("192.0.2.14", ("lab-7.example.org", "*.example.org"), False),  # a name that only begins like one
        ("192.0.2.20", ("*",), False),  # it has no name
        ("2001:db8::10", ("six.*",), True),
        ("2001:db8::11", ("*",), False),
        ("", ("*", "0.0.0.0/0"), False),
        ("unix:", ("*",), False),
        ("192.0.2.10, 10.0.0.1", ("*", "0.0.0.0/0"), False),
    ],
)
def test_who_is_on_a_list(names: HostNames, address: str, entries: tuple[str, ...], expected: bool) -> None:
    assert is_listed(address, entries, names) is expected


def test_networks_alone_ask_nobody(names: HostNames, zone: tuple[str, Counter[str]]) -> None:
    assert is_listed("10.1.2.3", ("10.0.0.0/8", "*.example.org"), names)
    assert not is_listed("11.1.2.3", ("10.0.0.0/8",), names)
    assert not is_listed("11.1.2.3", (), names)
    assert zone[1].total() == 0


def test_answers_are_remembered_but_not_for_ever(
    names: HostNames, zone: tuple[str, Counter[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        assert names.confirmed(ip_address("192.0.2.10")) == {"lab-7.example.org"}
        assert names.confirmed(ip_address("192.0.2.20")) == frozenset()
    assert zone[1]["PTR 10.2.0.192.in-addr.arpa"] == zone[1]["PTR 20.2.0.192.in-addr.arpa"] == 1
    now = time.monotonic()
    monkeypatch.setattr(host_name.time, "monotonic", lambda: now + 601)
    names.confirmed(ip_address("192.0.2.10"))
    assert zone[1]["PTR 10.2.0.192.in-addr.arpa"] == 2


def test_no_more_than_so_many_answers_are_remembered(names: HostNames, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_name, "_REMEMBERED", 3)
    for number in range(20, 30):
        names.confirmed(ip_address(f"192.0.2.{number}"))
    assert list(names._known) == [ip_address(f"192.0.2.{number}") for number in (27, 28, 29)]


def test_of_many_names_only_some_are_looked_up(names: HostNames, zone: tuple[str, Counter[str]]) -> None:
    assert len(names.confirmed(ip_address("192.0.2.15"))) == 5
    assert sum(count for question, count in zone[1].items() if question.startswith("A ")) == 5


def test_who_asks_for_the_same_at_once_asks_once(names: HostNames, zone: tuple[str, Counter[str]]) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(names.confirmed, [ip_address("192.0.2.10")] * 8))
    assert set(found) == {frozenset({"lab-7.example.org"})}
    assert zone[1]["PTR 10.2.0.192.in-addr.arpa"] == 1


def test_a_silent_name_server_is_not_waited_for() -> None:
    with silent_server() as (server, heard), ThreadPoolExecutor(12) as pool:
        names = HostNames(server, 0.5)
        begin = time.monotonic()
        asked = [pool.submit(names.confirmed, ip_address(f"192.0.2.{number}")) for number in range(12)]
        assert [one.result() for one in asked] == [frozenset()] * 12
        assert time.monotonic() - begin < 3
        assert questions(heard), "it was asked"
        looked_up = set(names._known)
        assert 1 <= len(looked_up) <= 12
        assert not any(is_listed(str(address), ("*",), names) for address in looked_up)
        assert questions(heard) == 0, "remembered for a while"


def questions(heard: socket.socket) -> int:
    """How many questions a silent name server has heard since this was last asked."""
    heard.setblocking(False)
    found = 0
    with suppress(BlockingIOError):
        while heard.recv(512):
            found += 1
    return found


def test_only_two_look_ups_wait_at_once() -> None:
    with silent_server() as (server, _), ThreadPoolExecutor(2) as pool:
        names = HostNames(server, 2)
        waiting = [pool.submit(names.confirmed, ip_address(f"192.0.2.{number}")) for number in (1, 2)]
        while len(names._asking) < 2:
            time.sleep(0.01)
        begin = time.monotonic()
        assert names.confirmed(ip_address("192.0.2.3")) == frozenset()
        assert time.monotonic() - begin < 1
        assert not any(one.done() for one in waiting)
        assert ip_address("192.0.2.3") not in names._known, "it is asked for the next time"


def test_no_name_server_means_no_names() -> None:
    assert HostNames("127.0.0.1:1", 0.5).confirmed(ip_address("192.0.2.10")) == frozenset()
