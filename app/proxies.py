"""Proxies in front of the web server: whom to believe when they say where a visitor comes from."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.services.host_name import read_address


def trust_proxies(app: Flask, trusted: int | tuple[str, ...]) -> None:
    """Believe so many proxies in a row, or those with these addresses and networks; nobody else's headers count."""
    if isinstance(trusted, tuple):
        app.wsgi_app = _KnownProxies(app.wsgi_app, trusted)  # type: ignore[method-assign]
    elif trusted:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign]


class _KnownProxies:
    """Goes back along `X-Forwarded-For` from the connection, past the proxies that are known.

    The first address that is not one of them is the visitor's: what stands before it, the visitor may have made up.
    """

    def __init__(self, app: Any, networks: tuple[str, ...]) -> None:
        self._app = app
        self._networks = [ip_network(network, strict=False) for network in networks]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not self._is_known(environ.get("REMOTE_ADDR")):
            return self._app(environ, start_response)  # type: ignore[no-any-return]
        said = environ.get("HTTP_X_FORWARDED_FOR", "")
        addresses = [part.strip() for part in said.split(",")] if said else []
        hops = 0
        for address in reversed(addresses):
            hops += 1
            if not self._is_known(address):
                break
        return ProxyFix(self._app, x_for=hops, x_proto=1, x_host=1)(environ, start_response)

    def _is_known(self, address: str | None) -> bool:
        found = read_address(address)
        return found is not None and any(found in network for network in self._networks)
