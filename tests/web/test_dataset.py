"""The pages of datasets: overview, tree, result, live progress, changes."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import urlencode

import polars as pl
from flask.testing import FlaskClient

from app.domain.dataset import Status
from app.domain.user import User
from app.services import run as runs
from app.services.context import Context
from app.services.dataset_list import Wanted, list_datasets
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.conftest import finished_posts, import_posts
from tests.integration.test_convert import table_of
from tests.results import store_table


def test_the_overview_lists_and_filters(ada: FlaskClient, ctx: Context, admin: User) -> None:
    empty = ada.get("/datasets").text
    assert "No datasets yet" in empty
    import_posts(ctx, admin, filename="tea.csv")
    finished_posts(ctx, admin)
    page = ada.get("/datasets").text
    assert "tea.csv" in page
    assert "posts.csv" in page
    assert "tea.csv" not in ada.get("/datasets?status=finished").text
    assert "posts.csv" not in ada.get("/datasets?q=TEA").text
    assert "No dataset is like that" in ada.get("/datasets?q=coffee").text


def test_the_datasets_of_somebody_else_are_not_looked_for_among_ones_own(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, admin: User, user: User
) -> None:
    import_posts(ctx, admin, filename="tea.csv")
    import_posts(ctx, user, filename="cups.csv")
    page = ada.get("/datasets?whose=mine&owner=Ursula").text
    assert ("cups.csv" in page, "tea.csv" in page) == (True, False)
    assert 'whose=all&amp;owner=Ursula" aria-current="true"' in page
    own = ada.get("/datasets?whose=mine&owner=ada").text
    assert ("tea.csv" in own, "cups.csv" in own) == (True, False)
    assert 'href="/datasets?owner=ada" aria-current="true"' in own
    assert "tea.csv" not in ursula.get("/datasets?owner=ada").text, "what one may not see stays unseen"
    assert [dataset.label for dataset in list_datasets(ctx, admin, Wanted(owner="ursula"))[0]] == ["cups.csv"]


def test_the_number_that_a_page_shows_finds_its_dataset(ada: FlaskClient, ctx: Context, admin: User) -> None:
    made, _ = runs.run_processor(ctx, admin, finished_posts(ctx, admin).key, "count-posts", {})
    import_posts(ctx, admin, filename="tea.csv")
    _end(ctx, made.key, Status.FAILED, "It is broken.")
    shown = re.search(r"the number of this dataset, <code>([0-9a-f]{8})</code>", ada.get(f"/datasets/{made.key}").text)
    assert shown
    found = ada.get(f"/datasets?q={shown[1].upper()}").text
    assert (made.label in found, made.key in found, "tea.csv" in found) == (True, True, False)
    for_all = ada.get(f"/control/datasets?words={shown[1]}").text
    assert (made.top in for_all, "tea.csv" in for_all) == (True, False)
    assert "No dataset is like that" in ada.get(f"/datasets?q={shown[1][:7]}").text
    assert "No dataset is like that" in ada.get("/datasets?q=00000000").text


def test_one_is_not_many(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    one = store_table(ctx, admin, tmp_path, pl.DataFrame({"body": ["tea"]}))
    page, listed = ada.get(f"/datasets/{one.key}").text, ada.get("/datasets").text
    assert '<b class="num">1</b> column</li>' in page
    assert '1<span class="unit"> item</span>' in listed


def test_rows_go_on_and_are_sorted_without_a_script(ada: FlaskClient, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    page = ada.get(f"/datasets/{posts.key}").text
    following = re.search(r'id="rows-forth" rel="next" href="([^"]+)"', page)
    assert following
    later = ada.get(html.unescape(following[1]), follow_redirects=True).text
    assert "51–60 of 60" in later
    assert 'id="rows-back"' in later and 'id="rows-forth"' not in later
    backwards = ada.get(f"/datasets/{posts.key}/rows?sort=-subject", follow_redirects=True).text
    assert "<title>posts.csv" in backwards
    assert backwards.index("number 9<") < backwards.index("number 8<")


def test_the_overview_goes_on(ada: FlaskClient, ctx: Context, admin: User) -> None:
    with ctx.database.transaction() as tx:
        first = finished_posts(ctx, admin)
        tx.run(
            "INSERT INTO datasets (key, type, datasource, top, acts_as, label, owner_id)"
            " SELECT 'k' || n, 'upload', 'upload', 'k' || n, 'items', 'many ' || n, %(owner)s"
            " FROM generate_series(1, 40) n",
            owner=admin.id,
        )
    page = ada.get("/datasets").text
    assert first.label not in page
    more = page.split('id="more"')[1].split('href="')[1].split('"')[0]
    rest = ada.piece(more, "more").text
    assert first.label in rest
    assert "<ul" not in rest


def test_a_waiting_row_is_asked_for_until_it_ends(ada: FlaskClient, ctx: Context, admin: User) -> None:
    _fill_queue(ctx, admin)
    dataset = import_posts(ctx, admin)
    waiting = ada.piece(f"/datasets/{dataset.key}/row")
    assert waiting.status_code == 200
    assert 'hx-trigger="every 1s"' in waiting.text
    assert "Next in the queue" in waiting.text
    _end(ctx, dataset.key, Status.FAILED, "The file is gone.")
    ended = ada.piece(f"/datasets/{dataset.key}/row")
    assert ended.status_code == 286
    assert "hx-trigger" not in ended.text


def _fill_queue(ctx: Context, admin: User) -> None:
    """Let as many captures be under way as may be at once, so that the next one waits."""
    for _ in range(ctx.registry.datasource("upload").max_workers):
        import_posts(ctx, admin)


def _end(ctx: Context, key: str, status: Status, message: str) -> None:
    with ctx.database.transaction() as tx:
        datasets.end(tx, key, Ending(status, message))


def test_live_progress_shows_and_then_the_result(ada: FlaskClient, ctx: Context, admin: User) -> None:
    _fill_queue(ctx, admin)
    dataset = import_posts(ctx, admin)
    assert "Next in the queue" in ada.get(f"/datasets/{dataset.key}").text
    with ctx.database.transaction() as tx:
        datasets.start(tx, dataset.key, {})
    ctx.bell.show(dataset.key, 0.62, "Reading the file")
    running = ada.piece(f"/datasets/{dataset.key}/status")
    assert (running.status_code, "Reading the file" in running.text) == (200, True)
    assert 'value="62"' in running.text
    _end(ctx, dataset.key, Status.EMPTY, "The file holds no records.")
    ended = ada.piece(f"/datasets/{dataset.key}/status")
    assert ended.status_code == 286
    assert ended.headers["HX-Retarget"] == "#result"
    assert "The file holds no records." in ended.text
    assert 'id="head" hx-swap-oob="true"' in ended.text
    tree = ada.piece(f"/datasets/{dataset.key}/tree")
    assert (tree.status_code, "every 1s" in tree.text) == (286, False)


def test_what_is_asked_for_again_is_not_sent_again_while_it_is_the_same(
    ada: FlaskClient, ctx: Context, admin: User
) -> None:
    _fill_queue(ctx, admin)
    dataset = import_posts(ctx, admin)
    child, _ = runs.run_processor(ctx, admin, dataset.key, "count-posts", {})
    with ctx.database.transaction() as tx:
        datasets.start(tx, dataset.key, {})
    page, listed = ada.get(f"/datasets/{dataset.key}").text, ada.get("/datasets").text
    nested = ada.piece(f"/datasets/{dataset.key}/nested").text
    asked = {piece: _asked(piece, page + listed + nested, dataset.key) for piece in ("tree", "status", "row", "nested")}
    for address in asked.values():
        assert ada.piece(address).status_code == 204
        assert ada.piece(address.partition("?")[0]).status_code == 200
    ctx.bell.show(dataset.key, 0.62, "Reading the file")
    for piece in ("tree", "status", "row"):
        assert ada.piece(asked[piece]).status_code == 200
        again = _asked(piece, ada.piece(asked[piece]).text, dataset.key)
        assert (again != asked[piece], ada.piece(again).status_code) == (True, 204)
    _end(ctx, child.key, Status.FAILED, "It is broken.")
    assert ada.piece(asked["nested"]).status_code in (200, 286)


def _asked(piece: str, page: str, key: str) -> str:
    """The address at which a piece of a page asks for itself."""
    found = re.search(rf'hx-get="(/datasets/{key}/{piece}\?seen=[0-9a-f]{{16}})"', page)
    assert found, piece
    return found[1]


def test_only_a_failure_of_late_is_asked_about(ada: FlaskClient, ctx: Context, admin: User) -> None:
    dataset = import_posts(ctx, admin)
    _end(ctx, dataset.key, Status.EMPTY, "Nothing is there.")
    assert "?ended=" not in ada.get(f"/datasets/{dataset.key}").text
    ctx.database.run("UPDATE datasets SET status = 'failed'")
    found = re.search(r'hx-get="([^"]+\?ended=[^"]+)"', ada.get(f"/datasets/{dataset.key}").text)
    assert found and ada.piece(found[1]).status_code == 204
    ctx.database.run("UPDATE datasets SET ended = ended - interval '13 hours'")
    ended = datasets.get(ctx.database, dataset.key).ended
    assert ended
    assert ada.piece(f"/datasets/{dataset.key}/status?{urlencode({'ended': ended.isoformat()})}").status_code == 286
    assert "?ended=" not in ada.get(f"/datasets/{dataset.key}").text


def test_a_waiting_dataset_says_what_it_waits_for(ada: FlaskClient, ctx: Context, admin: User) -> None:
    capture = import_posts(ctx, admin)
    assert "No machine takes work of this type at the moment." in ada.get(f"/datasets/{capture.key}").text
    child, _ = runs.run_processor(ctx, admin, capture.key, "count-posts", {})
    assert f"Waits for “{capture.label}” to finish." in ada.get(f"/datasets/{child.key}").text
    assert "Waits for “posts.csv” to finish." in ada.piece(f"/datasets/{capture.key}/tree").text


def test_a_deleted_dataset_stops_the_polling(ada: FlaskClient) -> None:
    for piece in ("tree", "status", "row"):
        assert ada.piece(f"/datasets/gone/{piece}").status_code == 286


def test_rows_are_shown_paged_and_sorted(ada: FlaskClient, ctx: Context, admin: User) -> None:
    key = finished_posts(ctx, admin).key
    page = ada.get(f"/datasets/{key}").text
    assert "1–50 of 60" in page
    assert "<code>hashtags</code>" in page
    assert "2026-01-10 10:00:00" in page
    later = ada.piece(f"/datasets/{key}/rows?offset=50").text
    assert "51–60 of 60" in later
    last = ada.piece(f"/datasets/{key}/rows?sort=-subject").text
    assert last.index("post 9<") < last.index("post 59<")
    assert 'aria-sort="descending"' in last
    assert ada.piece(f"/datasets/{key}/rows?sort=nothing").status_code == 422
    assert ada.get(f"/datasets/{key}/rows").location == f"/datasets/{key}/table"


def test_text_of_posts_is_never_markup(ada: FlaskClient, ctx: Context, admin: User) -> None:
    dataset = finished_posts(ctx, admin)
    hostile = "<script>alert(1)</script>"
    ada.change(f"/datasets/{dataset.key}/rename", label=hostile)
    for path in (f"/datasets/{dataset.key}", "/datasets", f"/datasets/{dataset.key}/analyses"):
        page = ada.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_rename_share_and_delete(ada: FlaskClient, ctx: Context, admin: User) -> None:
    key = finished_posts(ctx, admin).key
    answer = ada.change(f"/datasets/{key}/rename", label="Better", htmx=True, target="page")
    assert ">Better</h1>" in answer.text
    assert answer.headers["HX-Push-Url"] == f"/datasets/{key}"
    assert ada.change(f"/datasets/{key}/rename", label=" ").status_code == 422
    ada.change(f"/datasets/{key}/privacy", private="no")
    assert datasets.get(ctx.database, key).is_private is False
    assert ada.change(f"/datasets/{key}/delete").location == f"/datasets?undo={key}"
    assert datasets.find(ctx.database, key) is None


def test_cancel_and_retry(ada: FlaskClient, ctx: Context, admin: User) -> None:
    _fill_queue(ctx, admin)
    key = import_posts(ctx, admin).key
    cancelled = ada.change(f"/datasets/{key}/cancel", htmx=True)
    assert "Cancelled before it started." in cancelled.text
    assert "Try again" in cancelled.text
    assert ada.change(f"/datasets/{key}/cancel").status_code == 409
    again = ada.change(f"/datasets/{key}/retry", htmx=True)
    assert "Next in the queue" in again.text


def test_deleting_a_child_goes_to_its_parent(ada: FlaskClient, ctx: Context, admin: User) -> None:
    parent = finished_posts(ctx, admin)
    child, _ = runs.run_processor(ctx, admin, parent.key, "count-posts", {})
    answer = ada.change(f"/datasets/{child.key}/delete")
    assert answer.location == f"/datasets/{parent.key}"
    assert child.label not in ada.get(f"/datasets/{parent.key}/tree").text


def test_posts_of_a_file_are_said_to_be_of_a_source(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path
) -> None:
    made = store_table(ctx, admin, tmp_path, table_of(ctx, "tiktok"))
    page = ada.get(f"/datasets/{made.key}").text
    assert '<option value="upload" selected>' in page and '<option value="tiktok">' in page
    assert ada.change(f"/datasets/{made.key}/source", datasource="tiktok").status_code == 303
    assert '<option value="tiktok" selected>' in ada.get(f"/datasets/{made.key}").text
    wrong = ada.change(f"/datasets/{made.key}/source", datasource="twitter")
    assert (wrong.status_code, "have columns that this lacks" in wrong.text) == (422, True)
    assert "Set the source" not in ada.get(f"/datasets/{finished_posts(ctx, admin).key}").text
