"""`Idempotency-Key`: a POST that is sent again with the same key does nothing again, and gets the first answer."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from app.api.auth import TOKEN_ARGUMENT, find_actor, installation
from app.api.limits import kind_of_request
from app.domain.errors import Unavailable
from app.services.idempotency import FIELD, Claim, begin, used_otherwise
from app.storage.idempotency import Kept

log = logging.getLogger(__name__)

REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("Content-Type", "Location", "Link")
_RENEW_SECONDS = 20.0
_CHUNK = 1 << 20


class _Body:
    """The body of a request, hashed while whoever wants it reads it, so that it need not be kept.

    The boundary of a multipart form is left out of the hash: a client that sends a form again makes a new one.
    """

    def __init__(self, stream: Any, boundary: str | None, renew: Callable[[], None]) -> None:
        self._stream = stream
        self._mark = (boundary or "").encode()
        self._hash = hashlib.sha256()
        self._pending = b""
        self._renew = renew
        self._renewed = time.monotonic()

    def read(self, size: int = -1) -> bytes:
        """Read some of it."""
        return self._seen(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        """Read a line of it."""
        return self._seen(self._stream.readline(size))

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def digest(self) -> str:
        """The hash of all that has been read."""
        whole = self._hash.copy()
        whole.update(self._pending)
        return whole.hexdigest()

    def _seen(self, data: bytes) -> bytes:
        if self._mark:
            *parts, rest = (self._pending + data).split(self._mark)
            for part in parts:
                self._hash.update(part)
            cut = max(0, len(rest) - len(self._mark) + 1)
            self._hash.update(rest[:cut])
            self._pending = rest[cut:]
        else:
            self._hash.update(data)
        if time.monotonic() - self._renewed > _RENEW_SECONDS:
            self._renewed = time.monotonic()
            with suppress(Unavailable):
                self._renew()
        return data


def answer_again() -> Response | None:
    """The answer that a request with this key has had, or None: it is the first, and what it makes is made once."""
    key = request.headers.get(FIELD)
    if key is None or request.method != "POST" or kind_of_request() == "estimate":
        return None
    who = find_actor()
    if who is None:
        return None
    query = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != TOKEN_ARGUMENT])
    found = begin(installation(), who, key.strip(), f"{request.method} {request.path}?{query}")
    body = _Body(
        request.environ["wsgi.input"],
        request.mimetype_params.get("boundary"),
        found.renew if isinstance(found, Claim) else lambda: None,
    )
    request.environ["wsgi.input"] = body
    if isinstance(found, Claim):
        g.asked_once = found.seed
        g.claim = (found, body)
        return None
    return _again(found, body)


def _again(kept: Kept, body: _Body) -> Response:
    _read_on()
    if body.digest() != kept.body_hash:
        raise used_otherwise()
    answer = Response(kept.body, kept.status, headers=kept.headers)
    answer.headers[REPLAYED] = "true"
    return answer


def keep_answer(answer: Response) -> Response:
    """Keep what was done for those who ask again; a refusal leaves the key free."""
    claimed: tuple[Claim, _Body] | None = g.pop("claim", None)
    if claimed is None:
        return answer
    claim, body = claimed
    try:
        if answer.status_code >= 500:
            claim.failed()
        elif answer.status_code >= 400 or answer.is_streamed:
            claim.refused()
        else:
            _read_on()
            headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            claim.answer(body.digest(), answer.status_code, headers, _without_secrets(answer))
    except (Unavailable, HTTPException) as error:  # it has been done all the same, and once
        log.warning("the answer to a request with a key could not be kept: %s", error)
    return answer


def _read_on() -> None:
    """Read what is left of the body, so that all of it is in the hash."""
    while request.stream.read(_CHUNK):
        pass


def _without_secrets(answer: Response) -> str:
    """The text of an answer, without the fields that its resource names in `shown_once`."""
    text = answer.get_data(as_text=True)
    view = current_app.view_functions.get(request.endpoint or "")
    hidden = getattr(getattr(view, "view_class", None), "shown_once", ())
    if not hidden:
        return text
    return json.dumps({name: value for name, value in json.loads(text).items() if name not in hidden})
