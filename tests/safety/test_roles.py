"""Every address of the tool, asked by every role: pages, the API, and files."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from flask import Flask

from app.domain.right import CONTROL, Right
from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from tests.api.test_access import ACCESS, QUERIES
from tests.api.test_access import body_of as api_body_of
from tests.safety.roles import HOLDER_VERDICTS, ROLES, VERDICTS, Needs, Verdict, dataset_for, holder, verdict_on

Route = tuple[str, str]
PAGES: dict[Route, Needs] = {
    ("GET", "/"): Needs.USER,
    ("GET", "/healthz"): Needs.NOTHING,
    ("GET", "/robots.txt"): Needs.NOTHING,
    ("GET", "/favicon.ico"): Needs.NOTHING,
    ("GET", "/page/<page_name>"): Needs.NOTHING,
    ("GET", "/help"): Needs.NOTHING,
    ("GET", "/help/<article_name>"): Needs.NOTHING,
    ("GET", "/help/images/<image_name>"): Needs.NOTHING,
    ("GET", "/static/<path:filename>"): Needs.NOTHING,
    ("GET", "/sources/<source_id>/static/<name>"): Needs.USER,
    ("GET", "/login"): Needs.NOTHING,
    ("POST", "/login"): Needs.NOTHING,
    ("POST", "/logout"): Needs.NOTHING,
    ("GET", "/about"): Needs.USER,
    ("GET", "/account"): Needs.USER,
    ("POST", "/account/looks"): Needs.USER,
    ("POST", "/account/password"): Needs.USER,
    ("POST", "/account/profile"): Needs.USER,
    ("POST", "/account/tokens"): Needs.USER,
    ("GET", "/control"): Needs.ADMIN,
    ("GET", "/control/datasets"): Needs.ADMIN,
    ("POST", "/control/datasets"): Needs.ADMIN,
    ("GET", "/control/jobs"): Needs.ADMIN,
    ("GET", "/control/logs"): Needs.ADMIN,
    ("GET", "/control/messages"): Needs.ADMIN,
    ("POST", "/control/messages"): Needs.ADMIN,
    ("GET", "/control/pages"): Needs.ADMIN,
    ("POST", "/control/pages"): Needs.ADMIN,
    ("GET", "/control/plugins"): Needs.ADMIN,
    ("GET", "/control/requests"): Needs.ADMIN,
    ("GET", "/control/restart"): Needs.ADMIN,
    ("POST", "/control/restart"): Needs.ADMIN,
    ("GET", "/control/settings"): Needs.ADMIN,
    ("GET", "/control/tags"): Needs.ADMIN,
    ("POST", "/control/tags"): Needs.ADMIN,
    ("GET", "/control/tokens"): Needs.ADMIN,
    ("GET", "/control/users"): Needs.ADMIN,
    ("POST", "/control/users"): Needs.ADMIN,
    ("GET", "/control/users/new"): Needs.ADMIN,
    ("POST", "/control/users/new"): Needs.ADMIN,
    ("POST", "/control/users/table"): Needs.ADMIN,
    ("POST", "/control/settings/people/<about>"): Needs.ADMIN,
    ("POST", "/control/settings/sources/<source_id>"): Needs.ADMIN,
    ("POST", "/control/settings/workers/<type_>"): Needs.ADMIN,
    ("GET", "/create"): Needs.USER,
    ("GET", "/create/<source_id>"): Needs.USER,
    ("POST", "/create/<source_id>"): Needs.USER,
    ("POST", "/create/<source_id>/estimate"): Needs.USER,
    ("POST", "/create/<source_id>/file"): Needs.USER,
    ("GET", "/datasets"): Needs.USER,
    ("GET", "/datasets/<key>"): Needs.SIGHT,
    ("GET", "/datasets/<key>/<tab>"): Needs.SIGHT,
    ("GET", "/datasets/<key>/analyses"): Needs.SIGHT,
    ("GET", "/datasets/<key>/analyses/<type_>"): Needs.SIGHT,
    ("POST", "/datasets/<key>/analyses/<type_>"): Needs.RUN,
    ("GET", "/datasets/<key>/repeat"): Needs.SIGHT,
    ("POST", "/datasets/<key>/repeat"): Needs.RUN,
    ("GET", "/datasets/<key>/annotations"): Needs.SIGHT,
    ("POST", "/datasets/<key>/annotations/fields"): Needs.CHANGE,
    ("POST", "/datasets/<key>/annotations/file"): Needs.RUN,
    ("GET", "/datasets/<key>/annotations/file.<format>"): Needs.SIGHT,
    ("POST", "/datasets/<key>/annotations/values"): Needs.RUN,
    ("POST", "/datasets/<key>/cancel"): Needs.CHANGE,
    ("POST", "/datasets/<key>/delete"): Needs.CHANGE,
    ("GET", "/datasets/<key>/explore"): Needs.SIGHT,
    ("GET", "/datasets/<key>/explore/<int:number>"): Needs.SIGHT,
    ("POST", "/datasets/<key>/expiry"): Needs.CHANGE,
    ("GET", "/datasets/<key>/<change>"): Needs.CHANGE,
    ("GET", "/datasets/<key>/facets/<path:column>"): Needs.SIGHT,
    ("POST", "/datasets/<key>/favourite"): Needs.RUN,
    ("GET", "/datasets/<key>/nested"): Needs.SIGHT,
    ("GET", "/datasets/<key>/share"): Needs.CHANGE,
    ("POST", "/datasets/<key>/share"): Needs.CHANGE,
    ("POST", "/datasets/<key>/tags"): Needs.CHANGE,
    ("POST", "/datasets/<key>/unshare"): Needs.RUN,  # who has been let in may leave
    ("POST", "/datasets/<key>/privacy"): Needs.CHANGE,
    ("POST", "/datasets/<key>/remap"): Needs.CHANGE,
    ("POST", "/datasets/<key>/rename"): Needs.CHANGE,
    ("POST", "/datasets/<key>/retry"): Needs.CHANGE,
    ("POST", "/datasets/<key>/source"): Needs.CHANGE,
    ("GET", "/datasets/<key>/row"): Needs.SIGHT,
    ("GET", "/datasets/<key>/rows"): Needs.SIGHT,
    ("GET", "/datasets/<key>/status"): Needs.SIGHT,
    ("GET", "/datasets/<key>/tree"): Needs.SIGHT,
    ("GET", "/datasources"): Needs.USER,
    ("GET", "/datasources/<source_id>"): Needs.USER,
}
"""What every page needs. A route that is in neither table, nor in ACCESS of the API, fails the test below."""

NOWHERE: dict[Route, Needs] = {
    ("GET", "/first-run"): Needs.NOTHING,  # leads to /login once there is an administrator
    ("POST", "/first-run"): Needs.NOTHING,
    ("POST", "/account/tokens/<int:token_id>/revoke"): Needs.USER,
    ("POST", "/control/jobs/<int:job_id>/dismiss"): Needs.ADMIN,
    ("POST", "/control/jobs/<int:job_id>/retry"): Needs.ADMIN,
    ("POST", "/control/jobs/<int:job_id>/cancel"): Needs.ADMIN,
    ("POST", "/control/messages/<int:message_id>/delete"): Needs.ADMIN,
    ("GET", "/control/pages/<name>"): Needs.ADMIN,
    ("POST", "/control/pages/<name>"): Needs.ADMIN,
    ("POST", "/control/requests/<int:request_id>/<decision>"): Needs.ADMIN,
    ("GET", "/control/tags/<tag>"): Needs.ADMIN,
    ("POST", "/control/tags/<tag>"): Needs.ADMIN,
    ("POST", "/control/tags/<tag>/delete"): Needs.ADMIN,
    ("POST", "/control/tokens/<int:token_id>/revoke"): Needs.ADMIN,
    ("GET", "/control/users/<int:user_id>"): Needs.ADMIN,
    ("POST", "/control/users/<int:user_id>"): Needs.ADMIN,
    ("POST", "/control/users/<int:user_id>/delete"): Needs.ADMIN,
    ("POST", "/control/users/<int:user_id>/link"): Needs.ADMIN,
    ("POST", "/control/users/<int:user_id>/settings"): Needs.ADMIN,
    ("POST", "/messages/<int:message_id>/dismiss"): Needs.USER,
    ("GET", "/forgotten-password"): Needs.NOTHING,  # where no mail can be sent
    ("POST", "/forgotten-password"): Needs.NOTHING,
    ("GET", "/new-password/<secret>"): Needs.NOTHING,
    ("POST", "/new-password/<secret>"): Needs.NOTHING,
    ("GET", "/request-access"): Needs.NOTHING,  # where nobody may ask
    ("POST", "/request-access"): Needs.NOTHING,
    ("POST", "/datasets/<key>/annotations/fields/<int:field_id>"): Needs.CHANGE,
    ("POST", "/datasets/bulk"): Needs.USER,
    ("POST", "/datasets/restore"): Needs.USER,
    ("GET", "/datasets/<key>/chart.<form>"): Needs.SIGHT,
    ("GET", "/create/<source_id>/<upload_id>"): Needs.USER,
    ("POST", "/create/<source_id>/<upload_id>"): Needs.USER,
    ("GET", "/datasources/<source_id>/activity.svg"): Needs.USER,
    ("GET", "/datasets/<key>/chart.json"): Needs.SIGHT,
    ("GET", "/datasets/<key>/files/<path:name>"): Needs.SIGHT,
    ("GET", "/datasets/<key>/thumbnails/<path:name>"): Needs.SIGHT,
    ("GET", "/datasets/<key>/pages/<path:name>"): Needs.SIGHT,
    ("GET", "/datasets/<key>/frame"): Needs.SIGHT,
    ("GET", "/datasets/<key>/images/<signed>"): Needs.SIGHT,
    ("GET", "/datasets/<key>/network.json"): Needs.SIGHT,
}
"""Pages about something that does not exist here, so that even who is let in is told so; nobody may get further."""

RIGHTS: dict[Route, tuple[Right, ...]] = {
    ("GET", "/control"): tuple(CONTROL),  # leads to the first page of theirs
    ("POST", "/control/users/<int:user_id>/settings"): (Right.SETTINGS,),
    ("GET", "/api/users/<int:user_id>/settings"): (Right.SETTINGS,),
    ("PATCH", "/api/users/<int:user_id>/settings"): (Right.SETTINGS,),
    ("GET", "/control/tags"): (Right.TAGS, Right.USERS, Right.SETTINGS),
    ("GET", "/control/tags/<tag>"): (Right.TAGS, Right.USERS, Right.SETTINGS),
    ("POST", "/control/tags/<tag>"): (Right.SETTINGS,),
    ("GET", "/api/tags"): (Right.TAGS, Right.USERS, Right.SETTINGS, Right.MESSAGES),
    ("GET", "/api/tags/<tag>/settings"): (Right.SETTINGS,),
    ("PATCH", "/api/tags/<tag>/settings"): (Right.SETTINGS,),
    ("POST", "/api/workers/restart"): (Right.RESTART,),
}
RIGHTS_BELOW: dict[str, tuple[Right, ...]] = {
    "users": (Right.USERS,),
    "requests": (Right.USERS,),
    "access-requests": (Right.USERS,),
    "tokens": (Right.USERS,),
    "tags": (Right.TAGS,),
    "messages": (Right.MESSAGES,),
    "notifications": (Right.MESSAGES,),
    "settings": (Right.SETTINGS,),
    "pages": (Right.SETTINGS,),
    "datasets": (Right.DATASETS,),
    "plugins": (Right.STATUS, Right.SETTINGS),
    "restart": (Right.RESTART,),
    **dict.fromkeys(("jobs", "queues", "workers", "repairs", "metrics", "usage", "logs", "errors"), (Right.STATUS,)),
}
"""Which rights open what is for administrators; the latter by what follows `/control/` or `/api/`."""


def rights_of(route: Route) -> tuple[Right, ...]:
    """The rights of which any opens a route that is for administrators."""
    area = re.sub(r"^/(?:control/|api/)?", "", route[1]).split("/")[0]
    return RIGHTS.get(route) or RIGHTS_BELOW[area]


RUNS = {
    ("POST", "/api/datasets/<key>/processors/<processor_type>"),
    ("POST", "/api/datasets/<key>/repeat"),
    ("POST", "/api/queue-processor/"),
    ("DELETE", "/api/datasets/<key>/shares"),  # who has been let in may leave
}
PERSONAL = ("/account", "token", "/messages/")
"""In the addresses of what is one person's, and so not for those who share an account."""
CODING = {
    ("PUT", "/api/datasets/<key>/annotations"),
    ("POST", "/api/datasets/<key>/annotations/file"),
    ("POST", "/datasets/<key>/annotations/file"),
    ("POST", "/datasets/<key>/annotations/values"),
}
"""Where whoever is let in learns that there is no field that they may code."""
GONE = ("<int:", "<upload_id>", "/restore", "<tag>", "/files", "/members")
"""In the addresses of what is not there, so that who is let in is told so."""
FOR_OWNERS = ("/api/datasets/<key>/shares", "/api/datasets/<key>/package")
"""What begins so is refused to those with whom a dataset is only shared."""
PLACES = {
    "<path:filename>": "app.css",
    "<path:name>": "a.png",
    "<processor_type>": "count-posts",
    "<type_>": "count-posts",
    "<datasource_id>": "upload",
    "<source_id>": "fourchan",
    "<tab>": "log",
    "<about>": "limits",
    "<tag>": "students",
    "<secret>": "nothing",
    "<page_name>": "citing",
    "<article_name>": "guide",
    "<image_name>": "chart-desk-light.png",
    "<decision>": "refuse",
    "<path:column>": "author",
    "<format>": "csv",
    "<form>": "svg",
    "<change>": "rename",
    "<upload_id>": "nothing",
    "<signed>": "nothing",
}


def routes(app: Flask) -> set[Route]:
    """Every method and address that the application serves; converters of keys and choices are left out."""
    return {
        (method, re.sub(r"<(?:string|key|any\([^)]*\)):", "<", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_a_row(app: Flask) -> None:
    assert routes(app) == {*PAGES, *NOWHERE, *ACCESS}
    assert set(ROLES) == set(VERDICTS)
    assert all(set(row) == set(Needs) for row in VERDICTS.values())


def needs_of(route: Route) -> Needs:
    """What a route needs; of those of the API it follows from the statuses that their own table has."""
    if route not in ACCESS:
        return PAGES.get(route) or NOWHERE[route]
    if route in CODING:
        return Needs.RUN
    nobody, reader, other, owner, _ = ACCESS[route]
    if owner == 403:
        return Needs.ADMIN
    if nobody < 400:
        return Needs.NOTHING
    if other == 404 and "token" not in route[1]:
        return Needs.RUN if route in RUNS else Needs.SIGHT if reader < 400 else Needs.CHANGE
    return Needs.USER if reader < 400 else Needs.WRITE


def address_of(path: str, key: str) -> str:
    """An address with something in each of its places."""
    query = QUERIES.get(path, "").format(key=key)
    name = "form.js" if "/sources/" in path else "limits.open_jobs"
    for place, value in {**PLACES, "<key>": key, "<name>": name}.items():
        path = path.replace(place, value)
    path = re.sub(r"<int:\w+>", "9999", path)
    assert "<" not in path, f"say in PLACES what stands for it: {path}"
    return path + query


def body_of(route: Route, key: str) -> dict[str, Any]:
    """What is sent: for the API what its own test sends, for pages a form that is not complete."""
    if route in ACCESS:
        return api_body_of(*route, key)
    if route[1].endswith("/file"):
        return {"data": {"file": (io.BytesIO(b"id,body\n1,tea\n"), "tea.csv")}}
    return {"data": {}} if route[0] == "POST" else {}


def around(route: Route, verdict: Verdict) -> set[Verdict]:
    """What may become of a request besides a verdict, where the thing that it is about is not there."""
    is_gone = any(place in route[1] for place in GONE)
    if verdict is Verdict.IN and route in CODING:
        return {Verdict.IN, Verdict.REFUSED}
    if verdict is Verdict.IN and (route in NOWHERE or is_gone):
        return {Verdict.IN, Verdict.HIDDEN}
    return {Verdict.REFUSED, Verdict.HIDDEN} if verdict is Verdict.REFUSED and is_gone else {verdict}


def expected(route: Route, role: str) -> set[Verdict]:
    """What may become of a role's request."""
    path = route[1]
    verdict = VERDICTS[role][needs_of(route)]
    is_page = not path.startswith(("/api", "/metrics"))
    if role == "reader" and is_page:  # pages know no tokens
        verdict = VERDICTS["anonymous"][needs_of(route)]
    allowed = around(route, verdict)
    if path in ("/api/import-dataset/", "/api/check-query/") and verdict is Verdict.UNKNOWN:
        allowed = {Verdict.REFUSED}  # how its client learns that nobody is signed in
    if role == "viewer" and route[0] == "GET" and path.startswith(FOR_OWNERS):
        allowed = {Verdict.REFUSED}
    if role == "autologin" and verdict is Verdict.IN and any(place in path for place in PERSONAL):
        allowed |= {Verdict.REFUSED}
    if path in ("/login", "/logout", "/first-run"):
        allowed |= {Verdict.UNKNOWN}
    return allowed


def test_each_right_opens_its_own_routes_and_no_others(ctx: Context, app: Flask, user: User, tmp_path: Path) -> None:
    wrong = []
    for right in Right:
        call, key = holder(ctx, app, right), ""
        for route in sorted(routes(app)):
            needs = needs_of(route)
            if route[0] == "GET" and route[1].startswith(FOR_OWNERS) and right is Right.SIGHT:
                verdict = Verdict.REFUSED
            elif needs is Needs.ADMIN:
                verdict = Verdict.IN if right in rights_of(route) else Verdict.REFUSED
            elif needs in HOLDER_VERDICTS.get(right, {}):
                verdict = HOLDER_VERDICTS[right][needs]
            else:
                continue
            if not key or (route[0] != "GET" and needs is not Needs.ADMIN):
                key = dataset_for(ctx, str(right), user, tmp_path)
            answer = call(route[0], address_of(route[1], key), **body_of(route, key))
            found = verdict_on(answer)
            answer.close()
            if found not in around(route, verdict):
                wrong.append(f"{right} at {route[0]} {route[1]}: {found} ({answer.status_code})")
    assert wrong == [], "\n".join(wrong)


def test_every_role_gets_where_it_may_and_no_further(
    ctx: Context, app: Flask, user: User, admin: User, tmp_path: Path
) -> None:
    callers = {name: make(ctx, app, user, admin) for name, make in ROLES.items()}
    create_token(ctx, user, "another")
    wrong, keys = [], dict.fromkeys(ROLES, "")
    last = ("/logout", "/first-run")
    for route in sorted(routes(app), key=lambda route: (route[1] in last, route)):
        for role, call in callers.items():
            if route[0] != "GET" or not keys[role]:
                keys[role] = dataset_for(ctx, role, user, tmp_path)
            answer = call(route[0], address_of(route[1], keys[role]), **body_of(route, keys[role]))
            found = verdict_on(answer)
            answer.close()
            if found not in expected(route, role):
                wrong.append(f"{role} at {route[0]} {route[1]}: {found} ({answer.status_code})")
    assert wrong == [], "\n".join(wrong)
