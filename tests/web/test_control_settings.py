"""The page of settings, the limits on the pages, and what one has on the account page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.user import User
from app.services.context import Context
from app.storage import setting
from tests.conftest import import_posts
from tests.integration.test_owner_limits import limited, sized
from tests.results import store_table

PAGE = "/control/settings"
COUNTING = f"{PAGE}/workers/count-posts"
NAME = "workers.count-posts.max_workers"


def field(page: str, name: str) -> str:
    """The input with this id."""
    found = re.search(rf'<input id="s-{name}"[^>]*>', page)
    assert found, name
    return found[0]


def test_only_administrators_see_and_change_settings(ursula: FlaskClient, client: FlaskClient, ctx: Context) -> None:
    assert ursula.get(PAGE).status_code == 403
    for path in (COUNTING, f"{PAGE}/people/limits"):
        assert ursula.change(path, max_workers="3", open_jobs="3").status_code == 403
    assert client.get(PAGE).status_code == 303
    assert setting.all_settings(ctx.database) == {}


def test_the_page_has_every_type_with_its_defaults(ada: FlaskClient, ctx: Context) -> None:
    page = ada.get(PAGE).text
    for type_, plugin in ctx.registry.queues().items():
        assert f'placeholder="{plugin.max_workers}"' in field(page, f"{type_}-max_workers")
    assert 'placeholder="1000"' in field(page, "limits-open_jobs")
    assert f'href="{PAGE}"' in ada.get("/control").text


def test_a_group_is_saved_in_place(ada: FlaskClient, ctx: Context) -> None:
    answer = ada.change(COUNTING, htmx=True, max_workers="5", memory_mb="", minutes="90")
    assert (answer.status_code, "<html" in answer.text, ">Saved<" in answer.text) == (200, False, True)
    assert 'value="5"' in field(answer.text, "count-posts-max_workers")
    assert setting.all_settings(ctx.database) == {NAME: 5, "workers.count-posts.minutes": 90}


def test_an_empty_field_gives_the_default_back(ada: FlaskClient, ctx: Context) -> None:
    setting.put(ctx.database, NAME, 5)
    answer = ada.change(COUNTING, max_workers="", memory_mb="", minutes="")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}#s-count-posts")
    assert setting.all_settings(ctx.database) == {}


def test_a_wrong_field_is_named_what_was_typed_stays_and_nothing_is_saved(ada: FlaskClient, ctx: Context) -> None:
    for htmx in (True, False):
        answer = ada.change(COUNTING, htmx=htmx, max_workers="5", memory_mb="12", minutes="")
        assert (answer.status_code, "<html" in answer.text) == (422, not htmx)
        wrong = field(answer.text, "count-posts-memory_mb")
        assert 'value="12"' in wrong
        assert 'aria-invalid="true"' in wrong
        assert "Write a whole number from 128 to 1,048,576." in answer.text
        assert 'value="5"' in field(answer.text, "count-posts-max_workers")
    assert setting.all_settings(ctx.database) == {}


def test_limits_are_saved(ada: FlaskClient, ctx: Context) -> None:
    assert ada.change(f"{PAGE}/people/limits", open_jobs="20", stored_mb="5000").status_code == 303
    assert setting.all_settings(ctx.database) == {"limits.open_jobs": 20, "limits.stored_mb": 5000}


def test_a_field_that_is_not_sent_stays(ada: FlaskClient, ctx: Context) -> None:
    setting.put(ctx.database, "limits.stored_mb", 7)
    ada.change(f"{PAGE}/people/limits", open_jobs="20")
    assert setting.all_settings(ctx.database) == {"limits.open_jobs": 20, "limits.stored_mb": 7}


def test_a_type_that_is_not_there(ada: FlaskClient) -> None:
    assert ada.change(f"{PAGE}/workers/nothing", max_workers="1").status_code == 404


def test_a_stored_value_that_will_not_do_is_shown(ada: FlaskClient, ctx: Context) -> None:
    setting.put(ctx.database, NAME, "<lots>")
    assert "“&lt;lots&gt;”, which will not do" in ada.get(PAGE).text


@pytest.mark.parametrize(
    ("jobs", "megabytes", "said"),
    [(3, 9, ("1 of 3 open jobs", "2.0 MB of 9.0 MB stored")), (0, 0, ("1 open job", "2.0 MB stored"))],
)
def test_the_account_says_what_one_has(
    ursula: FlaskClient, user: User, ctx: Context, jobs: int, megabytes: int, said: tuple[str, str]
) -> None:
    limited(ctx, jobs=jobs, megabytes=megabytes)
    sized(ctx, user, 2)
    import_posts(ctx, user)
    page = re.sub(r"\s+", " ", ursula.get("/account").text)
    assert [text for text in said if f"<li>{text}</li>" not in page] == []


def test_the_form_of_an_analysis_says_that_a_limit_is_reached(
    ursula: FlaskClient, user: User, ctx: Context, tmp_path: Path
) -> None:
    limited(ctx, jobs=1)
    posts = store_table(ctx, user, tmp_path)
    import_posts(ctx, user)
    answer = ursula.change(f"/datasets/{posts.key}/analyses/count-posts", htmx=True, timeframe="week")
    assert (answer.status_code, "You have 1 open job" in answer.text) == (422, True)
    assert '<option value="week" selected' in answer.text


def test_another_try_says_that_a_limit_is_reached(ursula: FlaskClient, user: User, ctx: Context) -> None:
    limited(ctx, jobs=1)
    first = import_posts(ctx, user)
    ursula.change(f"/datasets/{first.key}/cancel")
    import_posts(ctx, user)
    page = ursula.change(f"/datasets/{first.key}/retry")
    assert (page.status_code, "As much as you may have" in page.text) == (429, True)
    notice = ursula.change(f"/datasets/{first.key}/retry", htmx=True)
    assert (notice.status_code, notice.headers["HX-Retarget"]) == (429, "#notices")


def test_a_file_that_does_not_fit_is_refused_in_words(ursula: FlaskClient, user: User, ctx: Context) -> None:
    limited(ctx, megabytes=1)
    sized(ctx, user, 1)
    sent = ursula.post(
        "/create/upload/file",
        data=b"id,body\n1,tea\n",
        headers={"X-CSRFToken": ursula.token, "X-File-Name": "tea.csv", "Content-Type": "application/octet-stream"},
    )
    assert (sent.status_code, sent.get_json()["message"][:26]) == (422, "Your results and uploads t")


SOURCE = f"{PAGE}/sources/fourchan"


def test_settings_of_a_data_source_are_saved_in_place(ada: FlaskClient, ctx: Context) -> None:
    page = ada.get(PAGE).text
    assert 'placeholder="https://a.4cdn.org"' in field(page, "source-fourchan-api_url")
    assert 'placeholder="60"' in field(page, "source-fourchan-interval")

    answer = ada.change(SOURCE, htmx=True, boards="pol,g:300", autoscrape="yes", interval="", pace="1.5")

    assert (answer.status_code, "<html" in answer.text, ">Saved<" in answer.text) == (200, False, True)
    assert 'value="pol,g:300"' in field(answer.text, "source-fourchan-boards")
    assert re.search(r'<option value="yes" selected', answer.text)
    stored = {"fourchan.boards": "pol,g:300", "fourchan.autoscrape": True, "fourchan.pace": 1.5}
    assert setting.all_settings(ctx.database) == stored
    assert ada.change(SOURCE, boards="", autoscrape="", pace="").headers["Location"] == f"{PAGE}#s-source-fourchan"
    assert setting.all_settings(ctx.database) == {}


def test_a_wrong_setting_of_a_data_source_is_named_and_nothing_is_saved(ada: FlaskClient, ctx: Context) -> None:
    answer = ada.change(SOURCE, htmx=True, boards="pol:soon", autoscrape="yes")
    assert (answer.status_code, "“pol:soon” will not do." in answer.text) == (422, True)
    assert 'value="pol:soon"' in field(answer.text, "source-fourchan-boards")
    assert setting.all_settings(ctx.database) == {}
    assert ada.change(f"{PAGE}/sources/nothing", boards="x").status_code == 404


def test_a_choice_is_made_from_a_list(ada: FlaskClient, ctx: Context) -> None:
    page = ada.get(PAGE).text
    chosen = re.search(
        r'<select id="s-source-lainchan-search_engine".+?</select>.+?Default: PostgreSQL', page, re.DOTALL
    )
    assert chosen
    assert re.findall(r'value="(\w*)"', chosen[0]) == ["", "postgresql", "sphinx"]

    ada.change(f"{PAGE}/sources/lainchan", search_engine="sphinx")
    assert setting.all_settings(ctx.database)["lainchan.search_engine"] == "sphinx"
    wrong = ada.change(f"{PAGE}/sources/lainchan", htmx=True, search_engine="google", sphinx_address="here")
    assert wrong.status_code == 422
    assert "Choose from: postgresql, sphinx" in wrong.text


def test_how_long_datasets_of_a_source_stay_is_set_and_shown(
    ada: FlaskClient, ursula: FlaskClient, user: User, ctx: Context, tmp_path: Path
) -> None:
    posts = store_table(ctx, user, tmp_path)
    assert "goes on" not in ursula.get(f"/datasets/{posts.key}").text
    assert ada.change(f"{PAGE}/sources/upload", expire_days="30", may_keep="").status_code == 303
    assert "goes on" in ursula.get(f"/datasets/{posts.key}").text
    form = ursula.get(f"/datasets/{posts.key}/expiry").text
    assert ('name="keep"' in form, "30 days after they were made, unless" in form) == (True, True)
    ada.change(f"{PAGE}/sources/upload", expire_days="30", may_keep="no")
    assert "goes on" in ursula.get(f"/datasets/{posts.key}").text
    form = ursula.get(f"/datasets/{posts.key}/expiry").text
    assert ('name="keep"' in form, "they cannot be kept" in form) == (False, True)
    answer = ursula.change(f"/datasets/{posts.key}/expiry", htmx=True, keep="on")
    assert (answer.status_code, "cannot be kept here" in answer.text) == (422, True)
