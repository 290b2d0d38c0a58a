"""Proxies in front of the web server: whom to believe when they say where a visitor comes from, or what tag counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.services.host_name import read_address
from app.services.user_tag import is_tag

TAG, SECRET = "X-4CAT-Config-Tag", "X-4CAT-Config-Via-Proxy"
_LENT = "fourcat.lent_tags"


def trust_proxies(app: Flask, trusted: int | tuple[str, ...], tag_secret: str = "") -> None:
    """Believe so many proxies in a row, or those with these addresses and networks; nobody else's headers count.

    One of these that sends the secret may say which tag counts for a request: see `lent_tags`.
    """
    if isinstance(trusted, tuple):
        app.wsgi_app = _KnownProxies(app.wsgi_app, trusted)  # type: ignore[method-assign]
    elif trusted:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign]

    app.wsgi_app = _LentTags(app.wsgi_app, trusted, tag_secret)  # type: ignore[method-assign]


def lent_tags(environ: Mapping[str, Any]) -> tuple[str, ...]:
    """The tag that a trusted proxy says counts for this request, which others cannot say; empty for none."""
    found: tuple[str, ...] = environ.get(_LENT, ())
    return found


class _LentTags:
    """Reads the tag of a proxy, and takes its headers away, so that nothing behind it sees the secret."""

    def __init__(self, app: Any, trusted: int | tuple[str, ...], secret: str) -> None:
        self._app = app
        self._networks = _networks(trusted) if isinstance(trusted, tuple) else None
        self._secret = secret.encode() if trusted else b""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        tag = environ.pop(_header(TAG), "").strip().lower()
        said = environ.pop(_header(SECRET), "")
        is_proxy = self._networks is None or _is_among(environ.get("REMOTE_ADDR"), self._networks)
        if self._secret and is_proxy and compare_digest(said.encode("latin-1"), self._secret) and is_tag(tag):
            environ[_LENT] = (tag,)
        return self._app(environ, start_response)  # type: ignore[no-any-return]


def _header(name: str) -> str:
    return f"HTTP_{name.upper().replace('-', '_')}"


class _KnownProxies:
    """Goes back along `X-Forwarded-For` from the connection, past the proxies that are known.

    The first address that is not one of them is the visitor's: what stands before it, the visitor may have made up.
    """

    def __init__(self, app: Any, networks: tuple[str, ...]) -> None:
        self._app = app
        self._networks = _networks(networks)

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
        return _is_among(address, self._networks)


def _networks(given: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(network, strict=False) for network in given]


def _is_among(address: str | None, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    found = read_address(address)
    return found is not None and any(found in network for network in networks)
