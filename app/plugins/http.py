"""Fetch addresses that come out of users' data: public ones only, in small numbers, with a time limit.

A link in a post may point at a machine inside the network that the tool runs in. Each host is therefore looked up
before it is asked, at every redirect, and the address that the connection really reached is checked once more before
anything is sent, so that a name that changes its address between the two gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from app.domain.errors import SourceError
from app.domain.texts import say

if TYPE_CHECKING:
    import requests

_CREDENTIALS = ("authorization", "authentication", "cookie")
_AGENT = "4CAT (research tool)"
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PublicWeb:
    """A visitor of public web addresses; use it as a context manager.

    `allow` names addresses or networks (`127.0.0.1`, `10.0.0.0/8`) that may be visited though they are not public.
    Proxies of the environment are not used, since a proxy would hide the address that is reached.
    """

    def __init__(self, *, timeout: float = 5, redirects: int = 10, pause: float = 0, allow: Sequence[str] = ()) -> None:
        import requests

        self._timeout = timeout
        self._redirects = redirects
        self._pause = pause
        self._last = 0.0
        self._guard = _Guard(allow)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = _AGENT
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _guarded_adapter(self._guard))

    def __enter__(self) -> PublicWeb:
        return self

    def __exit__(self, *error: object) -> None:
        self._session.close()

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Ask for an address and follow its redirects; the body is streamed, so read it within limits or close it.

        Credentials in `headers` go to the host that was named, not to another one that it leads to.

        :raises SourceError: when it does not answer, redirects too often, or is not a public web address
        """
        for _ in range(self._redirects + 1):
            answer = self._ask(method, url, kwargs)
            if not answer.is_redirect:
                return answer
            answer.close()
            following = urljoin(url, answer.headers["Location"])
            if not _is_as_trusted(url, following):
                kwargs = _without_credentials(kwargs)
            url = following
        raise SourceError(
            say("{url} redirects more than {redirects} times.", url=url, redirects=self._redirects), permanent=True
        )

    def final_url(self, url: str) -> str:
        """Where a link ends after its redirects. Some sites refuse to be asked for the address alone: then GET is used.

        :raises SourceError: as `request` does, and when the end of the way answers with an error
        """
        for method in ("HEAD", "GET"):
            with self.request(method, url) as answer:
                if answer.status_code not in (403, 405, 501) or method == "GET":
                    break
        if answer.status_code in (404, 410):
            raise SourceError(say("{url} does not exist any more.", url=url), permanent=True)
        return str(answer.url)

    def _ask(self, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        import requests

        self._guard.check_url(url)
        wait = self._last + self._pause - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        try:
            return self._session.request(
                method, url, timeout=self._timeout, allow_redirects=False, stream=True, **kwargs
            )
        except (requests.RequestException, UnicodeError) as error:
            raise SourceError(say("{url} does not answer: {name}.", url=url, name=type(error).__name__)) from error
        finally:
            self._last = time.monotonic()


def chunks_of(answer: requests.Response, size: int) -> Iterator[bytes]:
    """The body of an answer in chunks of so many bytes, as it comes in. :raises SourceError: when it breaks off"""
    import requests

    try:
        yield from answer.iter_content(size)
    except requests.RequestException as error:
        raise SourceError(say("{url} breaks off: {name}.", url=answer.url, name=type(error).__name__)) from error


def _is_as_trusted(url: str, following: str) -> bool:
    """Whether what was meant for one address may be sent to the one that it leads to: the same host, no less safely."""
    before, after = urlsplit(url), urlsplit(following)
    return (before.hostname, before.port) == (after.hostname, after.port) and (before.scheme, after.scheme) != (
        "https",
        "http",
    )


def _without_credentials(kwargs: dict[str, Any]) -> dict[str, Any]:
    headers = kwargs.get("headers") or {}
    return {**kwargs, "headers": {name: value for name, value in headers.items() if name.lower() not in _CREDENTIALS}}


class _Guard:
    """Which addresses may be visited."""

    def __init__(self, allow: Sequence[str]) -> None:
        self._allowed = [ipaddress.ip_network(network) for network in allow]

    def check_url(self, url: str) -> None:
        """Look the host up. :raises SourceError: when any of its addresses is not public"""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise SourceError(say("{url} is not a web address.", url=url), permanent=True) from None
        if parts.scheme not in ("http", "https") or not host:
            raise SourceError(say("{url} is not a web address.", url=url), permanent=True)
        try:
            found = socket.getaddrinfo(host, port or 80, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise SourceError(say("The host {host} cannot be found.", host=host)) from None
        for *_, address in found:
            self.check_address(str(address[0]))

    def check_address(self, text: str) -> None:
        """:raises SourceError: when an address is not public and not allowed"""
        address = _inside(ipaddress.ip_address(text.partition("%")[0]))
        if any(address in network for network in self._allowed):
            return
        is_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
        if is_local or not address.is_global or address.is_multicast or address.is_reserved:
            raise SourceError(
                say("The address {address} is not on the public internet, so it is not visited.", address=address),
                permanent=True,
            )


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 address only wraps: mapped, or of a translator or tunnel that leads to it."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None) or address


def _guarded_adapter(guard: _Guard) -> Any:
    """An adapter whose connections check whom they have reached before they send anything."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Checked:
        def _new_conn(self) -> socket.socket:
            reached: socket.socket = super()._new_conn()  # type: ignore[misc]
            try:
                guard.check_address(str(reached.getpeername()[0]))
            except SourceError:
                reached.close()
                raise
            return reached

    class CheckedHTTP(Checked, HTTPConnection):
        pass

    class CheckedHTTPS(Checked, HTTPSConnection):
        pass

    class PoolHTTP(HTTPConnectionPool):
        ConnectionCls = CheckedHTTP

    class PoolHTTPS(HTTPSConnectionPool):
        ConnectionCls = CheckedHTTPS

    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {"http": PoolHTTP, "https": PoolHTTPS}
    return adapter
