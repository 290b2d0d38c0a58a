"""What administrators set about new datasets: which sources can be chosen, and what is done to names at least."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.domain.capture_rules import PROTECTION, protection_of_names
from app.domain.errors import NotAllowed, NotCompatible
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import PSEUDONYMISE, update_dataset
from app.services.site_setting import change_site_settings
from app.storage import dataset as datasets
from tests.conftest import import_posts


def test_a_source_that_is_switched_off_cannot_be_chosen(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, user: User
) -> None:
    assert ada.change("/control/settings/sources/upload", offered="no").status_code == 303
    for page, kind in (("/create", "create"), ("/datasources", "datasources"), ("/about", "datasources")):
        found = ursula.get(page).text
        assert (f"/{kind}/gab" in found, f"/{kind}/upload" in found) == (True, False), page
    assert "An administrator has switched it off." in ursula.get("/create/upload").text
    assert "cannot be used now" in ursula.get("/datasources/upload").text
    with pytest.raises(NotCompatible, match="switched it off"):
        import_posts(ctx, user)
    ada.change("/control/settings/sources/upload", offered="")
    assert import_posts(ctx, user).datasource == "upload"


def test_names_are_protected_at_least_as_an_administrator_has_set(
    ursula: FlaskClient, ctx: Context, admin: User, user: User
) -> None:
    assert offered(ursula) == [("none", True), ("pseudonymise", False), ("anonymise", False)]
    change_site_settings(ctx, admin, {"captures.names": "pseudonymise"})
    assert offered(ursula) == [("pseudonymise", True), ("anonymise", False)]
    done = {}
    for wanted in PROTECTION:
        made = import_posts(ctx, user, pseudonymise=wanted)
        done[wanted] = datasets.get(ctx.database, made.key).work["pseudonymise"]
    assert done == {"none": "pseudonymise", "pseudonymise": "pseudonymise", "anonymise": "anonymise"}
    assert protection_of_names({"captures.names": "nonsense"}) == "none"
    assert tuple(PSEUDONYMISE) == PROTECTION


def offered(browser: FlaskClient) -> list[tuple[str, bool]]:
    """What the form of a search offers to do to names, and whether it is chosen."""
    found = re.findall(r'name="pseudonymise" value="(\w+)"( checked)?', browser.get("/create/fourchan").text)
    return [(name, bool(checked)) for name, checked in found]


def test_who_may_not_publish_makes_private_datasets(ursula: FlaskClient, ctx: Context, admin: User, user: User) -> None:
    change_site_settings(ctx, admin, {"rights.publish": False})
    key = import_posts(ctx, user).key
    with pytest.raises(NotAllowed, match="may not show datasets to everyone"):
        import_posts(ctx, user, is_private=False)
    with pytest.raises(NotAllowed, match="may not show datasets to everyone"):
        update_dataset(ctx, user, key, is_private=False)
    form = ursula.get("/create/fourchan").text
    assert re.findall(r'name="private" value="on"( [^>]*)?>', form) == ["", " checked disabled"]
    assert "Let everyone see it" not in ursula.get(f"/datasets/{key}/share").text
    public = import_posts(ctx, admin, is_private=False)
    assert update_dataset(ctx, admin, public.key, is_private=True).is_private
    change_site_settings(ctx, admin, {"rights.publish": None})
    assert "Let everyone see it" in ursula.get(f"/datasets/{key}/share").text
    assert not update_dataset(ctx, user, key, is_private=False).is_private
