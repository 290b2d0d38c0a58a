"""Requests that may come twice and are done once: the caller gives each a key, and gets the first answer again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import BeingDone, InvalidInput
from app.domain.texts import say
from app.domain.user import User
from app.services.context import Context
from app.storage import idempotency as keys
from app.storage.idempotency import Kept

FIELD = "Idempotency-Key"
PATTERN = r"^[!-~]([ -~]{0,253}[!-~])?$"
"""What a key looks like: 1 to 255 signs of ASCII, without spaces around them."""

_HELD_SECONDS = 120.0


@dataclass(frozen=True)
class Claim:
    """A request that has its key to itself. What is made in its course has its key from `seed`."""

    ctx: Context
    user_id: int
    key: str
    attempt: str
    seed: str

    def renew(self) -> None:
        """Keep the key for another two minutes, as while a long body comes in."""
        keys.hold(self.ctx.database, self.user_id, self.key, self.attempt, _HELD_SECONDS)

    def answer(self, body_hash: str, status: int, headers: Mapping[str, str], body: str) -> None:
        """Keep the answer for a day."""
        keys.answer(
            self.ctx.database,
            self.user_id,
            self.key,
            self.attempt,
            body_hash=body_hash,
            status=status,
            headers=dict(headers),
            body=body,
        )

    def refused(self) -> None:
        """Nothing was done, so the key may be used for something else."""
        keys.forget(self.ctx.database, self.user_id, self.key, self.attempt)

    def failed(self) -> None:
        """Perhaps something was done: the same request may come again, and then makes the same."""
        keys.hold(self.ctx.database, self.user_id, self.key, self.attempt, 0)


def begin(ctx: Context, actor: User, key: str, target: str) -> Claim | Kept:
    """Take a key for a request, `target` being its method and address; or the answer that it has had before.

    :raises InvalidInput: when the key will not do, or was used for something else
    :raises BeingDone: while another request with this key is at work
    """
    if not re.match(PATTERN, key) or key.endswith("\n"):
        raise InvalidInput({FIELD: [say("Send 1 to 255 letters, digits and other signs of ASCII, such as a UUID.")]})
    attempt, seed = secrets.token_hex(16), secrets.token_hex(16)
    taken = keys.claim(ctx.database, actor.id, key, target, attempt=attempt, seed=seed, seconds=_HELD_SECONDS)
    if taken is not None:
        return Claim(ctx, actor.id, key, attempt, taken)
    kept = keys.find(ctx.database, actor.id, key)
    if kept is None or kept.status is None:
        raise BeingDone
    if kept.target != target:
        raise used_otherwise()
    return kept


def used_otherwise() -> InvalidInput:
    """The error for a key that comes with another request than its first one."""
    return InvalidInput(
        {FIELD: [say("This key has been used for another request. Take a new key for each thing to do.")]}
    )
