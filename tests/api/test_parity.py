"""Everything that can be done on the pages can be done with the API, or it is said here why not."""

from __future__ import annotations

import re

from flask import Flask

BROWSER = "a browser's session, for which scripts have tokens"
WITHOUT_ACCOUNT = "for people who have no token yet, and must be kept from asking often"
LOOKS = "how the page looks, not what it says"
Row = str | tuple[str, ...]
_DATASETS, _DATASET = "GET /api/datasets", "GET /api/datasets/{key}"
_CHANGE = "PATCH /api/datasets/{key}"
_RUN = "POST /api/datasets/{key}/processors/{processor_type}"
_ITEMS, _DOWNLOAD = "GET /api/datasets/{key}/items", "GET /api/datasets/{key}/download"

COUNTERPARTS: dict[str, Row] = {
    "GET /about": "GET /api/about",
    "GET /page/{page_name}": "GET /api/pages/{page_name}",
    "GET /account": ("GET /api/account", "GET /api/tokens"),
    "POST /account/looks": "PATCH /api/account",
    "POST /account/password": "PUT /api/account/password",
    "POST /account/profile": "PATCH /api/account/profile",
    "POST /account/tokens": "POST /api/tokens",
    "POST /account/tokens/{token_id}/revoke": "DELETE /api/tokens/{token_id}",
    "GET /control": ("GET /api/queues", "GET /api/workers", "GET /api/repairs", "GET /api/usage", "GET /api/status"),
    "GET /control/datasets": _DATASETS,
    "POST /control/datasets": "POST /api/datasets/bulk",
    "GET /control/jobs": "GET /api/jobs",
    "POST /control/jobs/{job_id}/cancel": "POST /api/jobs/{job_id}/cancel",
    "POST /control/jobs/{job_id}/dismiss": "DELETE /api/jobs/{job_id}",
    "POST /control/jobs/{job_id}/retry": "POST /api/jobs/{job_id}/retry",
    "GET /control/logs": ("GET /api/logs", "GET /api/logs/processes", "GET /api/errors"),
    "GET /control/messages": "GET /api/notifications/sent",
    "POST /control/messages": "POST /api/notifications",
    "POST /control/messages/{message_id}/delete": "DELETE /api/notifications/{notification_id}",
    "GET /control/pages": ("GET /api/settings", "GET /api/pages"),
    "POST /control/pages": "PUT /api/settings/{name}",
    "GET /control/pages/{name}": "GET /api/settings",
    "POST /control/pages/{name}": ("PUT /api/settings/{name}", "DELETE /api/settings/{name}"),
    "GET /control/plugins": "GET /api/plugins",
    "GET /control/requests": "GET /api/access-requests",
    "POST /control/requests/{request_id}/{decision}": (
        "POST /api/access-requests/{request_id}/approve",
        "POST /api/access-requests/{request_id}/refuse",
    ),
    "GET /control/restart": "GET /api/workers",
    "POST /control/restart": "POST /api/workers/restart",
    "GET /control/settings": "GET /api/settings",
    "POST /control/settings/people/{about}": "PUT /api/settings/{name}",
    "POST /control/settings/sources/{source_id}": "PUT /api/settings/{name}",
    "POST /control/settings/workers/{type_}": "PUT /api/settings/{name}",
    "GET /control/tags": "GET /api/tags",
    "POST /control/tags": "PUT /api/tags",
    "GET /control/tags/{tag}": ("GET /api/tags/{tag}/settings", "GET /api/users"),
    "POST /control/tags/{tag}": "PATCH /api/tags/{tag}/settings",
    "POST /control/tags/{tag}/delete": "DELETE /api/tags/{tag}",
    "GET /control/tokens": "GET /api/tokens",
    "POST /control/tokens/{token_id}/revoke": "DELETE /api/tokens/{token_id}",
    "GET /control/users": "GET /api/users",
    "POST /control/users": "POST /api/users/bulk",
    "GET /control/users/new": "POST /api/users",
    "POST /control/users/new": "POST /api/users",
    "POST /control/users/table": "POST /api/users/table",
    "GET /control/users/{user_id}": ("GET /api/users/{user_id}", "GET /api/users/{user_id}/settings"),
    "POST /control/users/{user_id}": "PATCH /api/users/{user_id}",
    "POST /control/users/{user_id}/delete": "DELETE /api/users/{user_id}",
    "POST /control/users/{user_id}/link": "POST /api/users/{user_id}/password-link",
    "POST /control/users/{user_id}/settings": "PATCH /api/users/{user_id}/settings",
    "GET /create": "GET /api/datasources",
    "GET /create/{source_id}": "GET /api/datasources/{datasource_id}",
    "POST /create/{source_id}": "POST /api/datasets",
    "POST /create/{source_id}/estimate": "POST /api/datasources/{datasource_id}/estimate",
    "POST /create/{source_id}/file": ("POST /api/uploads", "POST /api/datasets/upload"),
    "GET /create/{source_id}/{upload_id}": "POST /api/uploads/{upload_id}/preview",
    "POST /create/{source_id}/{upload_id}": ("POST /api/uploads/{upload_id}/preview", "POST /api/datasets"),
    "GET /datasets": _DATASETS,
    "POST /datasets/bulk": "POST /api/datasets/bulk",
    "POST /datasets/restore": ("POST /api/datasets/bulk", "POST /api/datasets/{key}/restore"),
    "GET /datasets/{key}": _DATASET,
    "GET /datasets/{key}/{tab}": (
        *(_DATASET, _ITEMS, _DOWNLOAD, "GET /api/datasets/{key}/files", "GET /api/datasets/{key}/log"),
        *("GET /api/datasets/{key}/provenance", "GET /api/datasets/{key}/quarantine"),
    ),
    "GET /datasets/{key}/analyses": "GET /api/datasets/{key}/processors",
    "GET /datasets/{key}/analyses/{type_}": "GET /api/datasets/{key}/processors",
    "POST /datasets/{key}/analyses/{type_}": _RUN,
    "GET /datasets/{key}/repeat": (_DATASETS, _DATASET),
    "POST /datasets/{key}/repeat": "POST /api/datasets/{key}/repeat",
    "GET /datasets/{key}/annotations": (
        "GET /api/datasets/{key}/annotations/fields",
        "GET /api/datasets/{key}/annotations/agreement",
    ),
    "POST /datasets/{key}/annotations/fields": "POST /api/datasets/{key}/annotations/fields",
    "POST /datasets/{key}/annotations/fields/{field_id}": (
        "PATCH /api/datasets/{key}/annotations/fields/{field_id}",
        "DELETE /api/datasets/{key}/annotations/fields/{field_id}",
    ),
    "POST /datasets/{key}/annotations/file": "POST /api/datasets/{key}/annotations/file",
    "GET /datasets/{key}/annotations/file.{format}": "GET /api/datasets/{key}/annotations/file",
    "POST /datasets/{key}/annotations/values": "PUT /api/datasets/{key}/annotations",
    "POST /datasets/{key}/cancel": "POST /api/datasets/{key}/cancel",
    "GET /datasets/{key}/chart.{form}": _DOWNLOAD,
    "GET /datasets/{key}/chart.json": _DOWNLOAD,
    "POST /datasets/{key}/source": "PATCH /api/datasets/{key}",
    "POST /datasets/{key}/delete": "DELETE /api/datasets/{key}",
    "POST /datasets/{key}/expiry": _CHANGE,
    "GET /datasets/{key}/explore": _ITEMS,
    "GET /datasets/{key}/explore/{number}": _ITEMS,
    "GET /datasets/{key}/facets/{column}": "GET /api/datasets/{key}/facet",
    "POST /datasets/{key}/favourite": _CHANGE,
    "GET /datasets/{key}/files/{name}": "GET /api/datasets/{key}/files/{name}",
    "GET /datasets/{key}/thumbnails/{name}": "GET /api/datasets/{key}/files/{name}",
    "GET /datasets/{key}/pages/{name}": "GET /api/datasets/{key}/files/{name}",
    "GET /datasets/{key}/frame": _DOWNLOAD,
    "GET /datasets/{key}/nested": _DATASET,
    "GET /datasets/{key}/network.json": (_ITEMS, _DOWNLOAD),
    "POST /datasets/{key}/privacy": _CHANGE,
    "POST /datasets/{key}/remap": "POST /api/datasets/{key}/remap",
    "GET /datasets/{key}/{change}": _DATASET,
    "POST /datasets/{key}/rename": _CHANGE,
    "POST /datasets/{key}/retry": "POST /api/datasets/{key}/retry",
    "GET /datasets/{key}/row": _DATASET,
    "GET /datasets/{key}/rows": _ITEMS,
    "GET /datasets/{key}/share": "GET /api/datasets/{key}/shares",
    "POST /datasets/{key}/share": "PUT /api/datasets/{key}/shares",
    "GET /datasets/{key}/status": _DATASET,
    "POST /datasets/{key}/tags": _CHANGE,
    "GET /datasets/{key}/tree": _DATASET,
    "POST /datasets/{key}/unshare": "DELETE /api/datasets/{key}/shares",
    "GET /datasources": "GET /api/datasources",
    "GET /datasources/{source_id}": (
        "GET /api/datasources/{datasource_id}",
        "GET /api/datasources/{datasource_id}/overview",
    ),
    "GET /datasources/{source_id}/activity.svg": "GET /api/datasources/{datasource_id}/overview",
    "POST /messages/{message_id}/dismiss": "POST /api/notifications/{notification_id}/dismiss",
}
"""By which operations of the API a script does what a page does."""

REASONS: dict[str, str] = {
    "GET /": "leads to the page where people begin",
    "GET /help": "the documentation, which is in every copy of the tool",
    "GET /help/{article_name}": "the documentation, which is in every copy of the tool",
    "GET /help/images/{image_name}": "a picture of the documentation",
    "GET /login": BROWSER,
    "POST /login": BROWSER,
    "POST /logout": BROWSER,
    "GET /first-run": "the first administrator is made in the browser, or by the command line",
    "POST /first-run": "the first administrator is made in the browser, or by the command line",
    "GET /forgotten-password": WITHOUT_ACCOUNT,
    "POST /forgotten-password": WITHOUT_ACCOUNT,
    "GET /new-password/{secret}": WITHOUT_ACCOUNT,
    "POST /new-password/{secret}": WITHOUT_ACCOUNT,
    "GET /request-access": WITHOUT_ACCOUNT,
    "POST /request-access": WITHOUT_ACCOUNT,
    "GET /datasets/{key}/images/{signed}": "pictures that stand beside posts; the scraper's own, named by no column",
    "GET /sources/{source_id}/static/{name}": LOOKS,
    "GET /static/{filename}": LOOKS,
    "GET /favicon.ico": LOOKS,
    "GET /robots.txt": "for search engines",
    "GET /healthz": "serves scripts as it is",
}
"""Why there is no such operation."""


def operations(app: Flask) -> set[str]:
    """Every method and address that the application serves, with the places in addresses as the document has them."""
    return {
        f"{method} " + re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_page_has_its_counterpart_in_the_api(app: Flask) -> None:
    served = operations(app)
    pages = {one for one in served if not one.split()[1].startswith(("/api", "/metrics"))}
    assert pages == {*COUNTERPARTS, *REASONS}
    named = {one for row in COUNTERPARTS.values() for one in ((row,) if isinstance(row, str) else row)}
    assert named <= served
    assert not {*COUNTERPARTS} & {*REASONS}
