"""Pages about packages: where one is taken, where one is brought in, and what a dataset that was brought here says."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from app.services.package import open_package, stream_package
from app.services.person_setting import Whose, change_person_settings
from tests.conftest import finished_posts


@pytest.fixture
def posts(ctx: Context, user: User) -> Dataset:
    return finished_posts(ctx, user)


def test_owners_find_the_package_on_the_page_of_a_dataset(
    ctx: Context, admin: User, user: User, posts: Dataset, ursula: FlaskClient
) -> None:
    link = f'href="/api/datasets/{posts.key}/package"'
    assert ursula.get(f"/datasets/{posts.key}").text.count(link) == 2
    change_person_settings(ctx, admin, Whose(user_id=user.id), {"rights.export": False})
    assert link not in ursula.get(f"/datasets/{posts.key}").text


def test_a_package_is_looked_into_before_it_is_imported(ctx: Context, user: User, posts: Dataset, ursula: Any) -> None:
    asked = ursula.get("/create/import_4cat").text
    assert "A package of another 4CAT" in asked
    assert 'name="addresses"' in asked
    content = b"".join(stream_package(open_package(ctx, user, posts.key)))

    broken = ursula.change("/create/import_4cat/file", file=(io.BytesIO(b"PK tea"), "tea.zip"))
    assert "it is no ZIP" in ursula.get(broken.location).text
    sent = ursula.change("/create/import_4cat/file", file=(io.BytesIO(content), "tea.4cat.zip"))
    shown = ursula.get(sent.location).text
    assert "What is in it: one dataset" in shown
    assert "posts.csv" in shown
    assert "What the columns mean" not in shown
    made = ursula.change(sent.location, do="import", private="on")
    assert "/datasets/" in made.location


def test_what_will_not_do_is_said_beside_its_field(ursula: Any) -> None:
    page = ursula.change("/create/import_4cat", addresses="https://example.org/", token="x")
    assert page.status_code == 422
    assert "is not the address of a dataset" in page.text
    assert 'aria-invalid="true"' in page.text


def test_a_dataset_says_where_it_was_brought_from(ctx: Context, posts: Dataset, ursula: FlaskClient) -> None:
    imported = (
        '{"imported": {"site": "Elsewhere", "address": "https://4cat.example.org/datasets/1",'
        ' "at": "2026-01-02T10:00:00", "created": "2025-05-04T10:00:00+00:00"}}'
    )
    ctx.database.run("UPDATE datasets SET provenance = %(imported)s::jsonb", imported=imported)
    page = ursula.get(f"/datasets/{posts.key}").text
    assert 'href="https://4cat.example.org/datasets/1"' in page
    assert "imported from Elsewhere" in page
    assert "4 May 2025" in page
    ctx.database.run("UPDATE datasets SET provenance = replace(provenance::text, 'https:', 'javascript:')::jsonb")
    assert "javascript:" not in ursula.get(f"/datasets/{posts.key}").text
