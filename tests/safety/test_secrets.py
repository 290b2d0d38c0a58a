"""Secrets stay secret: they are in no log, no error, no answer, and in no row longer than they are needed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask

from app.domain.dataset import Status
from app.domain.user import User
from app.factory import create_app
from app.services import dataset as datasets
from app.services.context import Context
from app.services.run import run_processor
from app.services.token import create_token
from tests.conftest import PASSWORD, Starter, finished_posts, wait_for_end, with_settings
from tests.safety.roles import sign_in

KEY = "hunter2/&=ünder cover"
SPELLED = (KEY, "hunter2%2F%26%3D", "hunter2")


def everything_stored(ctx: Context) -> str:
    """All that the database knows of datasets and jobs, as text."""
    tables = ("datasets", "dataset_logs", "jobs", "repairs")
    return "\n".join(
        str(row["text"]) for table in tables for row in ctx.database.many(f"SELECT t::text AS text FROM {table} t")
    )


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(("way", "status"), [("spill", Status.FAILED), ("work", Status.FINISHED)])
def test_a_secret_option_is_nowhere_when_the_work_has_ended(
    ctx: Context, user: User, way: str, status: Status, caplog: pytest.LogCaptureFixture
) -> None:
    posts = finished_posts(ctx, user)
    child, _ = run_processor(ctx, user, posts.key, "misbehave", {"way": way, "key": KEY})
    ended = wait_for_end(ctx, child.key, 120)
    assert ended.status is status, ended
    stored = everything_stored(ctx) + datasets.log_text(ctx, user, child.key) + caplog.text
    assert "misbehaving" in stored
    assert "[secret]" in stored
    assert [found for found in SPELLED if found in stored] == []
    if way == "spill":
        assert "answers" in ended.message


def test_the_log_of_the_workers_is_silent_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    """After the tests above, which ran in them."""
    logs = [path.read_text(errors="replace") for path in tmp_path_factory.getbasetemp().rglob("process-*.log")]
    assert any(logs)
    assert [found for found in SPELLED for text in logs if found in text] == []


def test_requests_that_fail_tell_no_secrets(
    ctx: Context, user: User, admin: User, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    secret_url = "postgresql://fourcat:dbpassword9@127.0.0.1:1/nothing"
    broken = with_settings(ctx, database_url=secret_url)
    app = create_app(broken.settings, broken)
    token = create_token(ctx, user, "told to nobody")[1]
    told = []
    with app.test_client() as client:
        for way in ({"Authorization": f"Bearer {token}"}, {"Authentication": token}):
            told.append(client.get("/api/datasets/nothing", headers=way).text)
            told.append(client.post("/api/datasets", headers=way, data="{", content_type="application/json").text)
        told.append(client.get(f"/api/datasets/nothing?access-token={token}").text)
        told.append(client.get("/api/account", headers={"Authorization": f"Bearer {token}x"}).text)
        told.append(
            client.get(f"/api/datasets/nothing?nothing={token}", headers={"Authorization": f"Bearer {token}"}).text
        )
    browser = sign_in(app, user)
    told.append(browser("POST", "/login", data={"name": user.name, "password": f"{PASSWORD}wrong"}).text)
    values = {"present": f"{PASSWORD}wrong", "password": "short7!", "repeated": "another7!"}
    told.append(browser("POST", "/account/password", data=values).text)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("It broke.")

    monkeypatch.setattr("app.services.dataset_list.list_top", fail)
    with app.test_client() as client:
        answer = client.get(f"/api/datasets?access-token={token}", headers={"Cookie": "4cat=stolen7"})
        assert answer.status_code == 500
        told.append(answer.text)
    page = browser("GET", "/datasets")
    assert page.status_code == 500
    everything = "\n".join([*told, page.text, caplog.text])
    assert "It broke." in caplog.text
    assert "It broke." not in answer.text + page.text
    known = (token, PASSWORD, ctx.settings.secret_key, ctx.settings.pseudonym_key, "dbpassword9", "short7!", "stolen7")
    assert [found for found in known if found.strip() in everything] == []


def test_a_database_that_is_away_does_not_tell_its_address(
    ctx: Context, app: Flask, caplog: pytest.LogCaptureFixture, start: Starter, tmp_path: Path
) -> None:
    url = "postgresql://fourcat:dbpassword9@127.0.0.1:1/nothing"
    process = start("-c", "from app.storage.migrate import migrate; migrate('" + url + "')", DATABASE_URL=url)
    assert process.wait(60) != 0
    log = (tmp_path / "process-0.log").read_text()
    assert "does not answer" in log
    assert "dbpassword9" not in log
