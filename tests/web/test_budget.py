"""What a page may weigh: own HTML, requests and bytes of a first visit; and that many children stay cheap."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from app.domain.user import User
from app.services.context import Context
from tests.conftest import finished_posts

KB = 1000


def with_children(ctx: Context, owner: User, many: int) -> str:
    """A dataset of posts from which `many` analyses were made, as people would have made them."""
    top = finished_posts(ctx, owner).key
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, parent, top, acts_as, label, owner_id, status, message, rows,"
        " kind, parameters, columns, started, ended) SELECT md5(n::text), 'attribute-frequencies', 'upload',"
        " CASE WHEN n %% 4 = 0 THEN md5((n - 1)::text) ELSE %(top)s END, %(top)s, 'attribute-frequencies',"
        " 'Values of a column, number ' || n, %(owner)s, 'finished', '60 items read, 12 rows made.', n * 13, 'table',"
        ' \'{"columns": ["author"], "timeframe": "month"}\', \'["date", "item", "value"]\', now(), now()'
        " FROM generate_series(1, %(many)s) n ORDER BY n",
        top=top,
        owner=owner.id,
        many=many,
    )
    return top


def test_a_first_visit_is_small(ada: FlaskClient, ctx: Context, admin: User) -> None:
    key = with_children(ctx, admin, 100)
    page = ada.get(f"/datasets/{key}")
    assert page.text.count('class="node"') == 101
    assert len(page.data) <= 100 * KB
    needed = set(re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(/[^"]+)"', page.text))
    assert 4 <= len(needed) + 1 <= 12
    sizes = [len(page.data)]
    for address in needed:
        with ada.get(address) as answer:
            sizes.append(len(answer.data))
    assert sum(sizes) <= 250 * KB, "also without compression"


def test_hundreds_of_children_need_no_more_questions(ada: FlaskClient, ctx: Context, admin: User) -> None:
    few = _transactions(ctx, ada, with_children(ctx, admin, 3), 3)
    ctx.database.run("DELETE FROM datasets")
    assert _transactions(ctx, ada, with_children(ctx, admin, 400), 400) <= few


def _transactions(ctx: Context, browser: FlaskClient, key: str, children: int) -> int:
    """How many transactions the page of a dataset takes, as the application's own pool of connections counts them."""
    taken = []
    transaction = ctx.database.transaction
    object.__setattr__(ctx.database, "transaction", lambda: (taken.append(key), transaction())[1])
    page = browser.get(f"/datasets/{key}")
    object.__setattr__(ctx.database, "transaction", transaction)
    assert page.text.count('class="node"') == children + 1
    assert taken
    return len(taken)
