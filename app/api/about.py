"""What this site is, and the pages that its administrators have written."""

from __future__ import annotations

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.domain.site_page import SitePage
from app.services import site_page
from app.services.site_page import About

blueprint = Blueprint("about", "What this site is.")
written = Blueprint("pages", "Pages that the administrators have written. Open to all.", is_open=True)
blueprints = (blueprint, written)

_MARKDOWN = {"description": "In Markdown"}


class OpenSourceSchema(Schema):
    """A data source that can be used here."""

    id = ma.fields.String()
    title = ma.fields.String()
    about = ma.fields.String()
    kept_posts = ma.fields.Integer(metadata={"description": "Posts that this site has collected itself"})


class AboutSchema(Schema):
    """What this site is, in its administrators' words and in numbers."""

    name = ma.fields.String()
    version = ma.fields.String(metadata={"description": "Of the software"})
    text = ma.fields.String(metadata=_MARKDOWN)
    news = ma.fields.String(metadata=_MARKDOWN)
    contact = ma.fields.String(metadata={"description": "Whom to ask"})
    captures = ma.fields.Integer(metadata={"description": "Datasets that were captured or uploaded"})
    datasets = ma.fields.Integer(metadata={"description": "These, and what was made from them"})
    posts = ma.fields.Integer(metadata={"description": "Posts in captures"})
    kept_posts = ma.fields.Integer(metadata={"description": "Posts that this site has collected itself, to search in"})
    users = ma.fields.Integer(metadata={"description": "Accounts that are switched on"})
    sources = ma.fields.List(ma.fields.Nested(OpenSourceSchema))


class SitePageSchema(Schema):
    """A page."""

    name = ma.fields.String(metadata={"description": "The last part of its address, /page/{page_name}"})
    title = ma.fields.String()
    text = ma.fields.String(metadata=_MARKDOWN)
    in_menu = ma.fields.Boolean(metadata={"description": "Whether every page links to it at its foot"})


@blueprint.route("/about")
class OneSite(MethodView):
    """The site."""

    @blueprint.response(200, AboutSchema)
    def get(self) -> About:
        """Show what this site is, how much is in it, and which data sources can be used."""
        return site_page.about_site(installation(), actor())


@written.route("/pages")
class SitePages(MethodView):
    """All of them."""

    @written.response(200, SitePageSchema(many=True))
    def get(self) -> list[SitePage]:
        """List the pages of the administrators on which something is written."""
        return site_page.list_site_pages(installation())


@written.route("/pages/<page_name>")
class OneSitePage(MethodView):
    """One of them."""

    @written.response(200, SitePageSchema)
    def get(self, page_name: str) -> SitePage:
        """Show a page. Administrators write it with `PUT /api/settings/pages.{page_name}`."""
        return site_page.get_site_page(installation(), page_name)
