"""The palette, the forms of analyses, and running them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services import dataset as services
from app.services.context import Context
from app.services.run import run_processor
from tests.conftest import finished_posts


@pytest.fixture
def posts(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


def test_the_palette_groups_what_fits_and_says_why_the_rest_does_not(ada: FlaskClient, posts: Dataset) -> None:
    page = ada.piece(f"/datasets/{posts.key}/analyses").text
    fitting, refused = page.split("<details", 1)
    assert "Count posts over time" in fitting
    assert "<h3>Filters</h3>" in fitting
    assert "It needs a result of" in refused or "It needs the columns" in refused


def test_a_form_has_the_columns_of_the_dataset(ada: FlaskClient, posts: Dataset) -> None:
    page = ada.piece(f"/datasets/{posts.key}/analyses/count-posts").text
    assert '<option value="timestamp" selected>' in page
    assert '<option value="hashtags">' in page


def test_running_opens_the_child(ada: FlaskClient, ctx: Context, admin: User, posts: Dataset) -> None:
    path = f"/datasets/{posts.key}/analyses/count-posts"
    values = {"column": "timestamp", "timeframe": "year", "pad.shown": "1"}
    answer = ada.change(path, htmx=True, target="dialog-body", **values)
    child = services.children(ctx, admin, posts.key)[0]
    assert child.parameters == {"column": "timestamp", "timeframe": "year", "pad": False}
    assert answer.headers["HX-Push-Url"] == f"/datasets/{child.key}"
    assert answer.headers["HX-Retarget"] == "#page"
    assert "close-dialog" in answer.headers["HX-Trigger"]
    assert f'id="node-{child.key}"' in answer.text
    again = ada.change(path, htmx=True, **values)
    assert "This has been asked before" in again.text
    assert len(services.children(ctx, admin, posts.key)) == 1
    assert ada.change(path, rerun="1", **values).location != f"/datasets/{child.key}"


def test_what_was_typed_stays_beside_the_error(ada: FlaskClient, posts: Dataset) -> None:
    path = f"/datasets/{posts.key}/analyses/attribute-frequencies"
    answer = ada.change(path, htmx=True, **{"columns.shown": "1", "top": "-5"})
    assert answer.status_code == 422
    assert 'id="o-top-error"' in answer.text
    assert 'value="-5"' in answer.text
    assert "<html" not in answer.text
    whole = ada.change(path, top="-5")
    assert whole.status_code == 422
    assert whole.text.startswith("<!doctype html>")


def test_running_again_keeps_the_options(ada: FlaskClient, ctx: Context, admin: User, posts: Dataset) -> None:
    path = f"/datasets/{posts.key}/analyses/count-posts"
    ada.change(path, column="timestamp", timeframe="week")
    child = services.children(ctx, admin, posts.key)[0]
    page = ada.piece(f"{path}?again={child.key}").text
    assert '<option value="week" selected>' in page
    assert 'name="rerun"' in page
    refused = ada.change(path, htmx=True, column="nowhere", timeframe="week", again=child.key)
    assert refused.status_code == 422
    assert 'name="rerun"' in refused.text
    assert ada.get(f"/datasets/{posts.key}/analyses/unique-filter?again={child.key}").status_code == 404


def test_an_analysis_that_does_not_fit_is_refused_with_the_reason(ada: FlaskClient, posts: Dataset) -> None:
    answer = ada.change(f"/datasets/{posts.key}/analyses/vector-ranker", htmx=True)
    assert answer.status_code == 422
    assert "cannot run on" in answer.text
    assert ada.get(f"/datasets/{posts.key}/analyses/nothing").status_code == 404


def test_the_analyses_of_another_dataset_are_asked_for_here(
    ada: FlaskClient, ctx: Context, admin: User, posts: Dataset
) -> None:
    example = finished_posts(ctx, admin)
    services.update_dataset(ctx, admin, example.key, label="The pilot")
    path = f"/datasets/{posts.key}/repeat"
    assert "No other dataset of this sort has analyses yet" in ada.piece(path).text
    for options in ({"timeframe": "day"}, {"timeframe": "week"}):
        run_processor(ctx, admin, example.key, "count-posts", options)
    failed, _ = run_processor(ctx, admin, example.key, "count-posts", {"column": "hashtags"})
    ctx.database.run("UPDATE datasets SET status = 'failed' WHERE key = %(key)s", key=failed.key)
    assert f'href="{path}"' in ada.piece(f"/datasets/{posts.key}/analyses").text
    offered = ada.piece(path).text
    assert ("The pilot" in offered, "<html" in offered) == (True, False)
    assert "No dataset with analyses is called that" in ada.piece(f"{path}?words=zebra").text
    form = ada.piece(f"{path}?example={example.key}").text
    assert (form.count('name="analysis"'), form.count(" checked")) == (3, 2)
    assert "did not finish there" in form

    empty = ada.change(path, htmx=True, example=example.key)
    assert (empty.status_code, "Choose at least one analysis." in empty.text, " checked" in empty.text) == (
        422,
        True,
        False,
    )
    itself = ada.change(path, htmx=True, example=posts.key, analysis="x")
    assert (itself.status_code, "Choose another dataset than this one." in itself.text) == (422, True)
    days, weeks, _ = services.children(ctx, admin, example.key)
    answer = ada.change(path, htmx=True, example=example.key, analysis=[days.key, weeks.key])
    assert "2 analyses are on their way." in answer.text
    assert answer.headers["HX-Push-Url"] == f"/datasets/{posts.key}"
    found = {child.parameters["timeframe"] for child in services.children(ctx, admin, posts.key)}
    assert found == {"day", "week"}
    again = ada.change(path, htmx=True, example=example.key, analysis=[days.key])
    assert "1 was there already." in again.text
    assert ada.change(path, example=example.key, analysis=[days.key]).location == f"/datasets/{posts.key}"
    whole = (ada.get(path).text, ada.get(f"{path}?example={example.key}").text)
    assert [page.count("<h1>The same analyses</h1>") for page in whole] == [1, 1]
    assert ["The pilot" in page for page in whole] == [True, True]
