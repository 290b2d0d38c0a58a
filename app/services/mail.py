"""Mail: put into the queue with what it tells of, in one transaction, and sent by a worker until the server takes it.

It is sent at least once: when a worker dies between the server's answer and forgetting the mail, the next attempt sends
it again, under the same Message-ID.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from contextlib import closing
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from app.domain.errors import SourceError
from app.domain.texts import say
from app.services.context import Context
from app.services.language import in_language
from app.storage import mail
from app.storage.database import Row, Transaction

log = logging.getLogger(__name__)

SEND = "send-mail"
_ATTEMPTS = 20
_TIMEOUT = 30
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def can_mail(ctx: Context) -> bool:
    """Whether this installation can send mail: it knows a mail server, and its own address for the links in them."""
    return bool(ctx.settings.mail_url and ctx.settings.site_url)


def link_to(ctx: Context, path: str) -> str:
    """The address of a page as it stands in a mail."""
    return f"{ctx.settings.site_url.rstrip('/')}{path}"


def queue_mail(ctx: Context, tx: Transaction, recipient: str, subject: str, text: str, language: str = "") -> None:
    """Let a mail be sent once this transaction has been committed; nothing happens where no mail can be sent.

    Sentences of ours in it are in the recipient's `language`, where there is a catalogue of it.
    """
    if not can_mail(ctx):
        return
    head = " ".join(in_language(subject, language).split())[:200]
    body = f"{in_language(text, language).strip()}\n\n-- \n{ctx.site_name}\n{link_to(ctx, '/')}\n"
    number = mail.insert(tx, recipient, head, body)
    ctx.queue.enqueue(tx, SEND, str(number), max_attempts=_ATTEMPTS)


def send_queued(ctx: Context, mail_id: int) -> None:
    """Send one mail and forget it; one that is gone has been sent.

    :raises SourceError: when the mail server does not take it, for good if it refuses the address
    """
    found = mail.find(ctx.database, mail_id)
    if found is None or not can_mail(ctx):
        return
    _send(ctx, found)
    mail.delete(ctx.database, mail_id)


def _send(ctx: Context, found: Row) -> None:
    server = urlsplit(ctx.settings.mail_url)
    where = f"The mail server {server.hostname}"
    try:
        with closing(_connect(ctx.settings.mail_url)) as client:
            client.send_message(_message(ctx, found))
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise SourceError(
            say("{where} refuses the address: {reason}", where=where, reason=_text(reason)), permanent=code >= 500
        ) from error
    except smtplib.SMTPResponseException as error:
        raise SourceError(
            say(
                "{where} says {smtp_code}: {smtp_error}",
                where=where,
                smtp_code=error.smtp_code,
                smtp_error=_text(error.smtp_error),
            ),
            retry_after=60,
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise SourceError(say("{where} does not answer: {error}", where=where, error=error), retry_after=60) from error


def _connect(url: str) -> smtplib.SMTP:
    server = urlsplit(url)
    host, port = server.hostname or "", server.port or _PORTS[server.scheme]
    trusted = ssl.create_default_context()
    if server.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=trusted)
    else:
        client = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    try:
        if server.scheme == "smtp+starttls":
            client.starttls(context=trusted)
        if server.username:
            client.login(unquote(server.username), unquote(server.password or ""))
    except BaseException:
        client.close()
        raise
    return client


def _message(ctx: Context, found: Row) -> EmailMessage:
    host = urlsplit(ctx.settings.site_url).hostname or "localhost"
    message = EmailMessage()
    message["From"] = ctx.settings.mail_from or f"4cat@{host}"
    message["To"] = found["recipient"]
    message["Subject"] = found["subject"]
    message["Date"] = format_datetime(found["created"])
    message["Message-ID"] = f"<{found['id']}.{found['created']:%Y%m%d%H%M%S%f}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(found["body"])
    return message


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
