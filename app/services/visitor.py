"""Visitors by where they come from: who asks as often as they like, and who is signed in without a password.

An address here is that of the connection, or what a trusted proxy has said. Whatever else a header claims has been left
aside before.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_network

from app.domain.user import User
from app.services.context import Context
from app.services.host_name import HostNames, read_address
from app.services.user import shared_user
from app.settings import Settings


class Visitors:
    """The lists of an installation. Nothing is looked up while they hold no host names."""

    def __init__(self, settings: Settings) -> None:
        self._names = HostNames(settings.dns_server, settings.dns_seconds)
        self._exempt = settings.rate_limit_exempt
        self._let_in = settings.autologin

    def is_exempt(self, address: str | None) -> bool:
        """Whether no limit of the API holds for an address."""
        return is_listed(address, self._exempt, self._names)

    def find_shared_user(self, ctx: Context, address: str | None) -> User | None:
        """The account `autologin` for an address that is let in without a password, or None."""
        return shared_user(ctx) if is_listed(address, self._let_in, self._names) else None


def is_listed(address: str | None, entries: Sequence[str], names: HostNames) -> bool:
    """Whether an address is on a list of addresses, networks (`10.0.0.0/8`) and host names (`*.example.org`)."""
    asking = read_address(address)
    if asking is None or not entries:
        return False
    patterns = []
    for entry in entries:
        try:
            if asking in ip_network(entry, strict=False):
                return True
        except ValueError:
            patterns.append(entry.lower().rstrip("."))
    if not patterns:
        return False
    return any(fnmatchcase(name, pattern) for name in names.confirmed(asking) for pattern in patterns)
