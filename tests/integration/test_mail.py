"""Mail: sent by a worker, once, and again while the mail server is away."""

from __future__ import annotations

import pytest

from app.domain.dataset import Status
from app.domain.errors import InvalidInput, SourceError
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset
from app.services.ending import end_dataset
from app.services.mail import queue_mail, send_queued
from app.services.user import change_profile
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.conftest import Starter, import_posts, wait_for, wait_for_end, with_settings
from tests.mail import MailServer, text_of


@pytest.fixture
def mailing(ctx: Context, mail_server: MailServer) -> Context:
    """The installation, able to send mail."""
    return with_settings(ctx, mail_url=mail_server.url, site_url="https://4cat.example.org/")


def waiting(ctx: Context) -> list[int]:
    """The numbers of the mails that wait."""
    return [row["id"] for row in ctx.database.many("SELECT id FROM mails ORDER BY id")]


def test_a_mail_says_who_it_is_from_and_is_forgotten(mailing: Context, mail_server: MailServer) -> None:
    with mailing.database.transaction() as tx:
        queue_mail(mailing, tx, "ursula@example.org", "Grüße\nBcc: everybody@example.org", "Es ist fertig.")
    (number,) = waiting(mailing)
    send_queued(mailing, number)
    send_queued(mailing, number)
    (letter,) = mail_server.letters
    assert (letter["To"], letter["From"], letter["Bcc"]) == ("ursula@example.org", "4cat@4cat.example.org", None)
    assert letter["Subject"] == "Grüße Bcc: everybody@example.org"
    assert "Es ist fertig.\n" in text_of(letter)
    assert "https://4cat.example.org/\n" in text_of(letter)
    assert waiting(mailing) == []


def test_what_the_server_does_not_take_is_kept_and_the_reason_said(mailing: Context, mail_server: MailServer) -> None:
    with mailing.database.transaction() as tx:
        for address in ("ursula@example.org", "nobody@example.org"):
            queue_mail(mailing, tx, address, "Hello", "Hello.")
    first, second = waiting(mailing)
    mail_server.refusing = "451 Try again later"
    with pytest.raises(SourceError, match="says 451: Try again later") as busy:
        send_queued(mailing, first)
    with pytest.raises(SourceError, match="refuses the address: There is no such mailbox") as wrong:
        send_queued(mailing, second)
    mail_server.stop()
    with pytest.raises(SourceError, match="does not answer") as away:
        send_queued(mailing, first)
    assert [found.value.permanent for found in (busy, wrong, away)] == [False, True, False]
    assert waiting(mailing) == [first, second]


def test_who_asked_is_told_when_a_dataset_has_ended(
    mailing: Context, user: User, mail_server: MailServer, start: Starter
) -> None:
    with pytest.raises(InvalidInput, match="e-mail address"):
        import_posts(mailing, user, notify=True)
    told = change_profile(mailing, user, user.name, "ursula@example.org")
    quiet = import_posts(mailing, told)
    dataset = import_posts(mailing, told, notify=True)
    failing = import_posts(mailing, told, notify=True)
    cancelled = cancel_dataset(mailing, told, import_posts(mailing, told, notify=True).key)
    assert cancelled.status is Status.CANCELLED
    with mailing.database.transaction() as tx:
        tx.run("DELETE FROM jobs WHERE dataset = %(key)s", key=failing.key)
        end_dataset(mailing, tx, datasets.lock(tx, failing.key), Ending(Status.FAILED, "The file is broken."))
    assert len(waiting(mailing)) == 1
    start("-m", "app.runner", MAIL_URL=mailing.settings.mail_url, SITE_URL=mailing.settings.site_url)
    assert wait_for_end(mailing, dataset.key).status is Status.FINISHED
    assert wait_for_end(mailing, quiet.key).status is Status.FINISHED
    wait_for(lambda: len(mail_server.letters) == 2 and not waiting(mailing), "two mails", 60)
    letters = {text_of(letter).splitlines()[0]: text_of(letter) for letter in mail_server.letters}
    assert f"https://4cat.example.org/datasets/{dataset.key}" in letters["“posts.csv” is finished. It has 60 rows."]
    assert "The file is broken." in letters["“posts.csv” failed."]
    wait_for(lambda: not mailing.database.many("SELECT 1 FROM jobs WHERE type = 'send-mail'"), "the end of the jobs")
