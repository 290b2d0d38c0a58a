"""Ask web servers politely: one request at a time and host for the whole installation, and none of who is busy."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from app.domain.errors import SourceError
from app.plugins.context import Answer
from app.runner.proxies import ProxyFault, blame_answer, blame_error
from app.storage import web_host
from app.storage.database import Database
from app.storage.web_host import Turn

if TYPE_CHECKING:
    import requests

_TOO_MANY = 429
_FAILING = 500
_MOVED = (301, 302, 303, 307, 308)
_MOST_MOVES = 5
_MOST_PROXIES = 3
_LEAST_REST = 5.0
_LONGEST_REST = 900.0
_PATIENCE = 30.0
_CHUNK = 65_536


class PoliteWeb:
    """What a standing task asks web servers with. Their addresses come from settings, not out of users' data.

    `agent` is what the installation calls itself (`user_agent`). `timeout` are the seconds a server may be silent; the
    whole of an answer may take five times that. Each request goes through one of `proxies`, if there are any, and
    through others when that one fails; turns are those of the host that is asked.
    """

    def __init__(self, database: Database, agent: str, *, timeout: float = 60, proxies: tuple[str, ...] = ()) -> None:
        self._database = database
        self._agent = agent
        self._timeout = timeout
        self._proxies = proxies
        self._opened: requests.Session | None = None

    def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, pace: float = 1.0, most_bytes: int = 32_000_000
    ) -> Answer:
        """Wait for a turn at the host, then ask; the answer, with any status but that of a server which is busy.

        Where a page has moved, the new address is asked, with a turn of its own.

        :raises SourceError: when the server or no proxy answers, the server says that it is busy (with when to
            try again), or sends more than `most_bytes`
        """
        for _ in range(_MOST_MOVES + 1):
            answer = self._ask_somehow(url, dict(headers or {}), pace, most_bytes)
            if answer.status not in _MOVED or "location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["location"])
        raise SourceError(f"{url} has moved too often.")

    def _ask_somehow(self, url: str, headers: dict[str, str], pace: float, most_bytes: int) -> Answer:
        """Ask through a proxy, through others when it fails, or without one when there are none.

        When several work and none gets through, it is the host that is away.
        """
        host = str(urlsplit(url).netloc)
        faults: list[ProxyFault] = []
        ways: list[str | None] = [*random.sample(self._proxies, min(len(self._proxies), _MOST_PROXIES))]
        for proxy in ways or [None]:
            turn = self._wait(host, pace)
            try:
                return self._ask(url, headers, pace, most_bytes, turn, proxy)
            except ProxyFault as fault:
                faults.append(fault)
        rest = _LEAST_REST * pace
        if len(faults) > 1 and all(fault.works for fault in faults):
            rest = web_host.back_off(self._database, host, turn, rest, _LONGEST_REST)
        raise SourceError(str(faults[-1]), retry_after=rest)

    def _ask(
        self, url: str, headers: dict[str, str], pace: float, most_bytes: int, turn: Turn, proxy: str | None
    ) -> Answer:
        import requests

        host = str(urlsplit(url).netloc)
        session = self._session()
        try:
            with session.get(
                url,
                headers=headers,
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
                proxies={"http": proxy, "https": proxy} if proxy else None,
            ) as answer:
                if proxy:
                    blame_answer(session, proxy, answer, self._timeout)
                if answer.status_code == _TOO_MANY or answer.status_code >= _FAILING:
                    raise self._busy(url, host, turn, answer, pace)
                body = _read(url, answer, most_bytes, 5 * self._timeout)
        except (requests.RequestException, UnicodeError) as error:
            if proxy:
                blame_error(session, proxy, url, error, self._timeout)
            rest = web_host.back_off(self._database, host, turn, pace, _LONGEST_REST)
            raise SourceError(f"{url} does not answer: {type(error).__name__}.", retry_after=rest) from error
        web_host.answered(self._database, host)
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, told, body, turn.at)

    def _wait(self, host: str, pace: float) -> Turn:
        """Wait for a turn at a host. :raises SourceError: when it would be long, or the host has refused meanwhile"""
        turn = web_host.take_turn(self._database, host, pace, _PATIENCE)
        if turn is not None:
            time.sleep(turn.wait)
            if not turn.wait or not web_host.is_resting(self._database, host):
                return turn
        rest = web_host.wait_for_turn(self._database, host)
        raise SourceError(f"{host} is left alone for {rest:.0f} s.", retry_after=rest + pace, was_asked=False)

    def _session(self) -> requests.Session:
        import requests

        if self._opened is None:
            self._opened = requests.Session()
            self._opened.trust_env = False
            self._opened.headers["User-Agent"] = self._agent
        return self._opened

    def _busy(self, url: str, host: str, turn: Turn, answer: requests.Response, pace: float) -> SourceError:
        """Leave the host alone for as long as it says at least, and longer each time."""
        said = _retry_after(answer.headers.get("Retry-After", ""))
        least = max(_LEAST_REST * pace, said)
        rest = web_host.back_off(self._database, host, turn, least, max(_LONGEST_REST, said))
        return SourceError(f"{url} is busy (status {answer.status_code}).", retry_after=rest)


def _retry_after(said: str) -> float:
    """The seconds of a Retry-After header, which may be a date; 0 when it says nothing. An hour at most."""
    if said.strip().isascii() and said.strip().isdigit():
        return min(float(said), 3600.0)
    try:
        seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), 3600.0)


def _read(url: str, answer: requests.Response, most: int, seconds: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    deadline = time.monotonic() + seconds
    for chunk in answer.iter_content(_CHUNK):
        size += len(chunk)
        if size > most:
            raise SourceError(f"{url} sends more than {most:,} bytes.", permanent=True)
        if time.monotonic() > deadline:
            raise SourceError(f"{url} is not done after {seconds:,.0f} s.")
        parts.append(chunk)
    return b"".join(parts)
