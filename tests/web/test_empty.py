"""Lists that are still empty: each says what comes there, and leads to what is to be done first."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from flask.testing import FlaskClient

from app.domain.user import User
from app.services.context import Context
from tests.results import store_table

_LISTS = {
    "/datasets": "/create",
    "/datasets?whose=shared": "/datasets?whose=all",
    "/datasets?whose=favourites": "/datasets",
    "/datasets?whose=deleted": "/datasets",
    "/datasets?whose=all": "/create",
    "/datasets?q=nowhere": "/datasets?whose=all",
    "/datasets?tag=nowhere&owner=nobody": "/datasets?whose=all",
    "/control/jobs?state=failed": "/control/jobs",
    "/control/jobs": "/control",
    "/control/users?q=nobody": "/control/users",
    "/control/tags": "/control/users",
    "/control/requests": "/control/settings#accounts",
    "/control/tokens": "/account",
    "/control/tokens?q=nobody": "/control/tokens",
    "/control/datasets": "/create",
    "/control/datasets?words=nowhere": "/control/datasets",
}
_EMPTY = re.compile(r'<div class="(?:card )?empty">(.*?)</div>', re.S)


@pytest.mark.parametrize(("path", "link"), _LISTS.items())
def test_an_empty_list_leads_on(ada: FlaskClient, path: str, link: str) -> None:
    (told,) = _EMPTY.findall(ada.get(path).text)
    assert len(re.sub("<[^>]+>", "", told).strip()) > 40
    (found,) = re.findall(r'<a class="btn[^"]*" href="([^"]+)"', told)
    assert found == link
    assert ada.get(found).status_code == 200


def test_what_is_made_on_the_same_page_has_its_form_there(ada: FlaskClient) -> None:
    assert "Tell people of an interruption" in ada.get("/control/messages").text
    assert "the number that it shows leads here" in ada.get("/control/logs").text
    assert "What a job writes down" in ada.get("/control/logs").text
    assert "No error holds these words." in ada.get("/control/logs?words=nowhere").text
    assert ">Make a token</button>" in ada.get("/account").text
    assert 'href="/control/settings#s-source-fourchan"' in ada.get("/datasources/fourchan").text


def test_a_dataset_without_what_is_looked_for(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    posts = store_table(ctx, admin, tmp_path, pl.DataFrame({"id": ["1"], "body": ["tea"]}))
    (told,) = _EMPTY.findall(ada.get(f"/datasets/{posts.key}/explore?find=coffee").text)
    assert "No post contains “coffee”." in told
    assert f'href="/datasets/{posts.key}/explore"' in told
    assert "Add a first field" in ada.get(f"/datasets/{posts.key}/annotations").text
    assert "it is private" in ada.get(f"/datasets/{posts.key}/share").text
    assert "Nothing has been written to the log." in ada.get(f"/datasets/{posts.key}/log").text
