"""Proxies between scrapers and the web: whether it was one of them, and not the host behind it, that failed."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests

_MAY_BE_ITS_OWN = (502, 503, 504)
_SIGN_IN = 407
_PROBE_SECONDS = 10.0
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


class ProxyFault(Exception):
    """A proxy has failed, whatever the host would have said; the message says which and how.

    With `works` it has an answer, but the host's: it says that it does not get through.
    """

    def __init__(self, message: str, *, works: bool = False) -> None:
        super().__init__(message)
        self.works = works


def blame_answer(session: requests.Session, proxy: str, answer: requests.Response, timeout: float) -> None:
    """Find out whether a proxy has answered in its host's place.

    That is certain where it wants a name, or says so. Through a tunnel (https) it cannot answer. Else its answer is
    compared with what it says of a host that no proxy can reach.

    :raises ProxyFault: when it has
    """
    if answer.url.startswith("https:"):
        return
    if answer.status_code == _SIGN_IN:
        raise _not_through(proxy, _SIGN_IN)
    is_suspect = answer.status_code in _MAY_BE_ITS_OWN
    if is_suspect and (_says_so(answer) or _is_like_its_own(session, proxy, answer, timeout)):
        raise _not_through(proxy, answer.status_code)


def blame_error(session: requests.Session, proxy: str, url: str, error: Exception, timeout: float) -> None:
    """Find out whether it was a proxy that did not answer, broke off or could not be reached.

    That is certain where it was not reached, or has refused a tunnel. Else it is asked for a host that does not exist:
    a proxy that works has an answer.

    :raises ProxyFault: when it was
    """
    import requests

    if not isinstance(error, requests.RequestException):
        return
    if status := _refused_tunnel(error):
        raise _not_through(proxy, status) from error
    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.ConnectTimeout):
        raise ProxyFault(f"The proxy {shown(proxy)} does not answer.") from error
    try:
        _ask_for_nothing(session, proxy, urlsplit(url).scheme, timeout)
    except requests.RequestException as other:
        if _refused_tunnel(other) is None:
            raise ProxyFault(f"The proxy {shown(proxy)} does not answer.") from error


def shown(proxy: str) -> str:
    """The address of a proxy without what signs in at it."""
    return str(urlsplit(proxy).netloc).rpartition("@")[2]


def _not_through(proxy: str, status: int) -> ProxyFault:
    if status == _SIGN_IN:
        return ProxyFault(f"The proxy {shown(proxy)} wants another name or password (status {status}).")
    return ProxyFault(f"The proxy {shown(proxy)} does not get through (status {status}).", works=True)


def _says_so(answer: requests.Response) -> bool:
    """Whether a proxy says that the answer is its own: RFC 9209, and Squid."""
    return "error=" in answer.headers.get("Proxy-Status", "") or "X-Squid-Error" in answer.headers


def _ask_for_nothing(session: requests.Session, proxy: str, scheme: str, timeout: float) -> requests.Response:
    """What a proxy says of a host that cannot exist (RFC 6761). :raises RequestException: when it has no answer"""
    with session.get(
        f"{scheme}://{secrets.token_hex(6)}.invalid/",
        timeout=min(timeout, _PROBE_SECONDS),
        stream=True,
        allow_redirects=False,
        proxies={scheme: proxy},
    ) as answer:
        return answer


def _refused_tunnel(error: BaseException | None) -> int | None:
    """The status with which a proxy has refused to lead to a host; None when it has not."""
    while error is not None:
        if found := _TUNNEL.search(str(error)):
            return int(found[1])
        error = error.__cause__ or error.__context__
    return None


def _is_like_its_own(session: requests.Session, proxy: str, answer: requests.Response, timeout: float) -> bool:
    """Whether an error was written by the program that writes those of the proxy."""
    import requests

    try:
        own = _ask_for_nothing(session, proxy, "http", timeout)
    except requests.RequestException:
        return False
    written = [(set(map(str.lower, each.headers)), each.headers.get("Server")) for each in (answer, own)]
    return own.status_code >= 500 and written[0] == written[1]
