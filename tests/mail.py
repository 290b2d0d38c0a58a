"""A real mail server for tests, in a thread of this process."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.local.leftovers import free_port


class MailServer:
    """Takes mail on loopback. `refusing` is said instead of taking one, as long as it is set."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refusing = ""
        self.port = free_port()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """Its address, as the settings take it."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:
        """Refuse an address that nobody has here."""
        if address.startswith("nobody@"):
            return "550 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        """Keep what has been sent, or refuse it."""
        if self.refusing:
            return self.refusing
        content: Any = envelope.content
        self.letters.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 OK"

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Be away."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


def text_of(letter: EmailMessage) -> str:
    """What stands in a mail."""
    return str(letter.get_content()).replace("\r\n", "\n")
