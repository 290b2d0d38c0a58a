"""Host names of visitors. A name counts when it leads back to the address it was found for: anybody can claim one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from dns import resolver
from dns.exception import DNSException
from dns.reversename import from_address

Address = IPv4Address | IPv6Address

_REMEMBERED_SECONDS = 600.0
_FAILURE_REMEMBERED_SECONDS = 30.0
_REMEMBERED = 4096
_NAMES_OF_ADDRESS = 5
_AT_ONCE = 2
_NONE: frozenset[str] = frozenset()


def read_address(text: str | None) -> Address | None:
    """An address as it stands in a request, or None when it is none, as of a socket without addresses."""
    try:
        found = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


@dataclass(frozen=True)
class _Known:
    names: frozenset[str]
    until: float


class HostNames:
    """Looks names up, within a time, and remembers the latest few thousand answers for ten minutes.

    `server` is the name server to ask, such as `127.0.0.1:5353`; without one, those of the machine are asked. Two
    look-ups go on at once at most, so that visitors whose name servers are silent cannot keep all threads waiting: who
    comes then has no name for now.
    """

    def __init__(self, server: str = "", seconds: float = 1.0) -> None:
        self._server = server
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: OrderedDict[Address, _Known] = OrderedDict()
        self._asking: dict[Address, Future[frozenset[str]]] = {}

    def confirmed(self, address: Address) -> frozenset[str]:
        """The names of an address that lead back to it, in small letters. It takes `seconds` at most."""
        with self._lock:
            known = self._known.get(address)
            if known is not None and known.until > time.monotonic():
                return known.names
            asked = self._asking.get(address)
            if asked is None and len(self._asking) >= _AT_ONCE:
                return _NONE
            mine: Future[frozenset[str]] = self._asking.setdefault(address, Future())
        if asked is not None:
            try:
                return asked.result(self._seconds)
            except TimeoutError:
                return _NONE
        return self._find_out(address, mine)

    def _find_out(self, address: Address, result: Future[frozenset[str]]) -> frozenset[str]:
        names, lasts = _NONE, _FAILURE_REMEMBERED_SECONDS
        try:
            names, lasts = self._look_up(address), _REMEMBERED_SECONDS
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            lasts = _REMEMBERED_SECONDS
        except (DNSException, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._known.pop(address, None)
                self._known[address] = _Known(names, time.monotonic() + lasts)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
                self._asking.pop(address, None)
            result.set_result(names)
        return names

    def _look_up(self, address: Address) -> frozenset[str]:
        asker = self._asker()
        end = time.monotonic() + self._seconds
        answer = asker.resolve(from_address(str(address)), "PTR", search=False, lifetime=self._seconds)
        found = set()
        for record in list(answer)[:_NAMES_OF_ADDRESS]:
            name = record.target.to_text(omit_final_dot=True).lower()
            if "\\" not in name and self._leads_back(asker, record.target, address, end):
                found.add(name)
        return frozenset(found)

    @staticmethod
    def _leads_back(asker: resolver.Resolver, name: object, address: Address, end: float) -> bool:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        kind = "A" if address.version == 4 else "AAAA"
        try:
            answer = asker.resolve(name, kind, search=False, lifetime=left)  # type: ignore[arg-type]
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            return False
        return any(ip_address(record.address) == address for record in answer)

    def _asker(self) -> resolver.Resolver:
        """A resolver. :raises DNSException: when the machine has no name server"""
        if not self._server:
            return resolver.Resolver()
        place = urlsplit(f"//{self._server}")
        asker = resolver.Resolver(configure=False)
        asker.nameservers = [place.hostname or ""]
        asker.port = place.port or 53
        return asker
