"""Ask web servers politely: one request at a time and host for the whole installation, and none of who is busy."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app import __version__
from app.domain.errors import SourceError
from app.plugins.context import Answer
from app.storage import web_host
from app.storage.database import Database

if TYPE_CHECKING:
    import requests

_BUSY = (429, 500, 502, 503, 504)
_LONGEST_REST = 900.0
_CHUNK = 65_536


class PoliteWeb:
    """What a standing task asks web servers with. Their addresses come from settings, not out of users' data."""

    def __init__(
        self, database: Database, site_name: str, *, timeout: float = 60, proxies: tuple[str, ...] = ()
    ) -> None:
        self._database = database
        self._agent = f"{site_name} (4CAT {__version__}, research tool)"
        self._timeout = timeout
        self._proxies = proxies
        self._opened: requests.Session | None = None

    def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, pace: float = 1.0, most_bytes: int = 32_000_000
    ) -> Answer:
        """Wait for a turn at the host, then ask; the answer, with any status but that of a server which is busy.

        :raises SourceError: when the server does not answer, says that it is busy (with when to try again), or sends
            more than `most_bytes`
        """
        import requests

        host = str(urlsplit(url).netloc)
        time.sleep(web_host.take_turn(self._database, host, pace))
        proxy = random.choice(self._proxies) if self._proxies else None  # noqa: S311 - no secret
        try:
            with self._session().get(
                url,
                headers=dict(headers or {}),
                timeout=self._timeout,
                stream=True,
                proxies={"http": proxy, "https": proxy} if proxy else None,
            ) as answer:
                if answer.status_code in _BUSY:
                    raise self._busy(url, host, answer)
                body = _read(url, answer, most_bytes)
        except (requests.RequestException, UnicodeError) as error:
            rest = web_host.back_off(self._database, host, pace, _LONGEST_REST)
            raise SourceError(f"{url} does not answer: {type(error).__name__}.", retry_after=rest) from error
        web_host.answered(self._database, host)
        return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)

    def _session(self) -> requests.Session:
        import requests

        if self._opened is None:
            self._opened = requests.Session()
            self._opened.trust_env = False
            self._opened.headers["User-Agent"] = self._agent
        return self._opened

    def _busy(self, url: str, host: str, answer: requests.Response) -> SourceError:
        """Leave the host alone for as long as it says, or longer each time."""
        said = answer.headers.get("Retry-After", "")
        least = float(said) if said.isdigit() else 5.0
        rest = web_host.back_off(self._database, host, least, _LONGEST_REST)
        return SourceError(f"{url} is busy (status {answer.status_code}).", retry_after=rest)


def _read(url: str, answer: requests.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in answer.iter_content(_CHUNK):
        size += len(chunk)
        if size > most:
            raise SourceError(f"{url} sends more than {most:,} bytes.", permanent=True)
        parts.append(chunk)
    return b"".join(parts)
