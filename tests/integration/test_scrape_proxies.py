"""When a request through a proxy goes wrong: whether the proxy is to blame, or the host behind it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from app.domain.errors import SourceError
from app.runner.polite_web import PoliteWeb
from app.services.context import Context
from app.storage import web_host
from extras.living_board import LivingBoard, rules_for
from tests.conftest import Starter, wait_for
from tests.little_proxy import LittleProxy, running
from tests.scraping import point_at, threads

INDEX = "/po/threads.json"
PACE = 0.02


@pytest.fixture(scope="module")
def site() -> Iterator[LivingBoard]:
    with LivingBoard(7, [rules_for("po", pages=1)], history_hours=1) as board:
        yield board


@pytest.fixture(autouse=True)
def _calm(site: LivingBoard) -> None:
    site.recover()
    site.traffic.forget()


@pytest.fixture
def silent_host() -> Iterator[str]:
    """A host that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def absent_host() -> str:
    """A host at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def failure(ctx: Context, url: str, *proxies: LittleProxy, timeout: float = 0.7) -> str:
    """What is said when a request through these fails; it may be tried again."""
    web = PoliteWeb(ctx.database, "Test site", timeout=timeout, proxies=tuple(proxy.url for proxy in proxies))
    with pytest.raises(SourceError) as raised:
        web.get(url, pace=PACE)
    assert raised.value.retry_after is not None
    assert not raised.value.permanent
    assert "pass-word" not in str(raised.value)
    return str(raised.value)


def refusals(ctx: Context) -> list[int]:
    """How often in a row each host is said to have refused."""
    return [row["refused"] for row in ctx.database.many("SELECT refused FROM web_hosts")]


def test_requests_go_through_a_proxy_and_keep_the_pace_of_their_host(ctx: Context, site: LivingBoard) -> None:
    with running() as proxy:
        web = PoliteWeb(ctx.database, "Test site", timeout=5, proxies=(proxy.url,))
        assert [web.get(site.url + INDEX, pace=0.2).status for _ in range(3)] == [200] * 3
    assert proxy.asked == [site.url + INDEX] * 3
    assert proxy.signed_in == {"Basic cmVhZGVyOnBhc3Mtd29yZA=="}
    requests = site.traffic.requests()
    assert requests[-1].at - requests[0].at >= 0.2, "two turns later, however long the first was under way"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_to_blame(ctx: Context, site: LivingBoard, scheme: str) -> None:
    with running() as proxy:
        pass
    assert failure(ctx, site.url.replace("http", scheme) + INDEX, proxy) == f"The proxy {proxy.name} does not answer."
    assert refusals(ctx) == [0]


@pytest.mark.parametrize("mood", ["silent", "dropping"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_takes_requests_and_has_no_answer_is_to_blame(
    ctx: Context, site: LivingBoard, mood: str, scheme: str
) -> None:
    with running(mood) as proxy:
        said = failure(ctx, site.url.replace("http", scheme) + INDEX, proxy)
    assert said == f"The proxy {proxy.name} does not answer."
    assert refusals(ctx) == [0]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_is_silent_behind_a_proxy_that_works_is_to_blame(
    ctx: Context, silent_host: str, scheme: str
) -> None:
    with running() as proxy:
        said = failure(ctx, f"{scheme}://{silent_host}/", proxy)
    assert said.startswith(f"{scheme}://{silent_host}/ does not answer: ")
    assert refusals(ctx) == [1]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("status", [407, 502, 503, 504])
def test_what_a_proxy_says_itself_is_not_held_against_the_host(
    ctx: Context, site: LivingBoard, status: int, scheme: str
) -> None:
    with running(status) as proxy:
        said = failure(ctx, site.url.replace("http", scheme) + INDEX, proxy)
    what = "wants another name or password" if status == 407 else "does not get through"
    assert said == f"The proxy {proxy.name} {what} (status {status})."
    assert refusals(ctx) == [0]
    assert site.traffic.requests() == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_the_host_says_is_held_against_it(ctx: Context, site: LivingBoard, status: int) -> None:
    site.fail(status=status, retry_after=50)
    with running() as proxy:
        said = failure(ctx, site.url + INDEX, proxy)
    assert said == f"{site.url}{INDEX} is busy (status {status})."
    assert web_host.wait_for_turn(ctx.database, site.url.removeprefix("http://")) == pytest.approx(50, abs=20)


@pytest.mark.parametrize("header", [{"Proxy_Status": "little; error=connection_refused"}, {"X_Squid_Error": "ERR 111"}])
def test_a_proxy_that_says_so_is_not_asked_again(ctx: Context, site: LivingBoard, header: dict[str, str]) -> None:
    with running(503, **header) as proxy:
        failure(ctx, site.url + INDEX, proxy)
    assert proxy.asked == [site.url + INDEX]


@pytest.mark.parametrize("mood", ["silent", "dropping", 407, 502])
def test_another_proxy_is_taken_when_one_fails(ctx: Context, site: LivingBoard, mood: str | int) -> None:
    with running(mood) as bad, running() as good:
        web = PoliteWeb(ctx.database, "Test site", timeout=0.7, proxies=(bad.url, good.url))
        assert [web.get(site.url + INDEX, pace=PACE).status for _ in range(4)] == [200] * 4
    assert refusals(ctx) == [0]
    assert len(site.traffic.requests()) == 4


def test_a_host_that_no_proxy_gets_through_to_is_left_alone(ctx: Context, absent_host: str) -> None:
    with running() as one, running() as other:
        said = failure(ctx, f"http://{absent_host}/", one, other)
    assert "does not get through (status 502)" in said
    assert refusals(ctx) == [1]


def test_scrapers_work_through_a_proxy_beside_one_that_fails(ctx: Context, site: LivingBoard, start: Starter) -> None:
    with running(502) as bad, running() as good:
        point_at(ctx, "fourchan", site.url, boards="po")
        proxies = f"{bad.url}, {good.url}"
        for process in (("-m", "app.runner"), ("scheduler.py",)):
            start(*process, SCRAPE_PROXIES=proxies)
        wait_for(lambda: all_read(ctx) and bad.asked, "every thread through the proxy that works", 60)
        assert refusals(ctx) == [0]
        assert {request.status for request in site.traffic.requests()} <= {200, 304}
        good.mood = 407
        reasons = wait_for(lambda: failures(ctx), "a look that fails", 30)
        assert f"The proxy {good.name} wants" in str(reasons) or f"The proxy {bad.name} does not" in str(reasons)
        assert refusals(ctx) == [0]


def all_read(ctx: Context) -> bool:
    """Whether the threads of the board are there and have been read."""
    found = threads(ctx, "fourchan", "po").values()
    return bool(found) and all(thread["scraped"] for thread in found)


def failures(ctx: Context) -> list[str]:
    """Why the board could not be read."""
    rows = ctx.database.many("SELECT reason FROM imageboard_coverage WHERE outcome = 'failed'")
    return [row["reason"] for row in rows]
