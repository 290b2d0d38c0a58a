"""What this site is, for those who use it, and the pages that its administrators write, for everybody."""

from __future__ import annotations

from flask import Blueprint, Response

from app.installation import installation
from app.services.site_page import about_site, get_site_page, list_site_pages
from app.web.page import current_actor, render

pages = Blueprint("about", __name__)


@pages.get("/about")
def show() -> Response:
    """The site in its administrators' words and in numbers, its sources and news."""
    ctx = installation()
    return render("about/show.html", found=about_site(ctx, current_actor()), written=list_site_pages(ctx))


@pages.get("/page/<page_name>")
def page(page_name: str) -> Response:
    """One page of the administrators'."""
    return render("about/page.html", page=get_site_page(installation(), page_name))
