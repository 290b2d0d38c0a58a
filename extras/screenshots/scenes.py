"""What is looked at: each page by its address, and what somebody does there before the picture is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from extras.screenshots import CONTROL_PAGES
from extras.screenshots.stage import ADMINISTRATOR, Stage

Step = Callable[[Page], None]


@dataclass(frozen=True)
class Scene:
    """A picture: the name of its file, a sentence below it, the address, who looks, and what they do first."""

    name: str
    about: str
    path: str
    who: str | None = ADMINISTRATOR
    do: Step | None = None


def press(role: str, name: str) -> Step:
    """Press what has this role and name."""

    def step(page: Page) -> None:
        page.get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]
        page.wait_for_load_state("networkidle")

    return step


def open_dialog(selector: str) -> Step:
    """Press something that opens a dialog, and wait for it."""

    def step(page: Page) -> None:
        page.locator(selector).first.click()
        page.locator("dialog[open]").first.wait_for()
        page.wait_for_load_state("networkidle")

    return step


def choose_file(name: str, content: bytes) -> Step:
    """Choose a file to upload, and wait for what was found in it."""

    def step(page: Page) -> None:
        page.locator("input[type=file]").first.set_input_files(
            files={"name": name, "mimeType": "text/csv", "buffer": content}
        )
        page.locator("table").first.wait_for()
        page.wait_for_load_state("networkidle")

    return step


def fill(label: str, value: str) -> Step:
    """Type something into a field."""

    def step(page: Page) -> None:
        page.get_by_label(label, exact=True).first.fill(value)
        page.wait_for_timeout(1_500)
        page.wait_for_load_state("networkidle")

    return step


_TABLE = (
    b"id;created_at;user;text;likes\n"
    + b"".join(
        b"%d;2026-03-%02d 12:%02d;reader%d;The library is open until late, day %d;%d\n"
        % (n, n % 28 + 1, n, n % 7, n, n * 3 % 50)
        for n in range(1, 60)
    )
    + b'60;"2026-03-09 13:00;reader4;a quotation mark that is never closed;1\n'
)

VISITORS = [
    Scene("sign-in", "Sign in", "/login", None),
    Scene("forgotten-password", "A link to a new password", "/forgotten-password", None),
    Scene("request-access", "Ask for an account", "/request-access", None),
]


def scenes(stage: Stage) -> list[Scene]:
    """All pages of a stage that has been filled."""
    posts, board = f"/datasets/{stage.posts}", f"/datasets/{stage.board}"

    def result(type_: str, *more: str) -> str:
        return "/".join((f"/datasets/{stage.results[type_]}", *more))

    return [
        *VISITORS,
        Scene("datasets", "All datasets", "/datasets?whose=all"),
        Scene("new-dataset", "Where posts come from", "/create"),
        Scene(
            "upload",
            "Upload a file: how it is read, and what its columns mean",
            "/create/upload",
            do=choose_file("library.csv", _TABLE),
        ),
        Scene(
            "search",
            "Search an archive: how much will be found",
            "/create/fourchan",
            do=fill("Text contains", "coffee"),
        ),
        Scene("dataset", "A dataset and what was made from it", posts),
        Scene("chart", "A chart", result("histogram")),
        Scene("word-cloud", "A word cloud", result("wordcloud")),
        Scene("table", "A table", result("attribute-frequencies")),
        Scene("network", "A network", result("cotag-network")),
        Scene("images", "Pictures", result("stored-images")),
        Scene("palette", "Choose an analysis", posts, do=open_dialog("[data-new]")),
        Scene("analysis", "The options of an analysis", f"{posts}/analyses/tokenise-posts"),
        Scene("repeat", "The same analyses as with another dataset", f"{board}/repeat?example={stage.posts}"),
        Scene("share", "Share with people and tags", posts, do=open_dialog("#share")),
        Scene("provenance", "Where a result comes from, and the text for a paper", result("histogram", "provenance")),
        Scene("log", "What was done", result("tokenise-posts", "log")),
        Scene("explorer", "Read posts", f"{posts}/explore"),
        Scene("explorer-board", "Posts of an imageboard, with their pictures", f"{board}/explore"),
        Scene(
            "explorer-table",
            "Posts as a table, with the values of a column",
            f"{posts}/explore?view=table&facet=author",
        ),
        Scene("coding", "Note down what posts say", f"{posts}/explore", who="ann"),
        Scene("annotations", "Fields, coders and how far they agree", f"{posts}/annotations"),
        Scene("data-sources", "Data sources", "/datasources"),
        Scene("data-source", "What is kept of a source", "/datasources/fourchan"),
        Scene("about", "What this site is", "/about"),
        Scene("page", "How to cite, for everybody", "/page/citing", None),
        Scene("guide", "A researcher's first hour, read in the tool", "/help", None),
        Scene("account", "One's own account and tokens", "/account"),
        Scene("control", "Whether everything works", "/control"),
        *(Scene(f"control-{name}", f"Control panel: {name}", f"/control/{name}") for name in CONTROL_PAGES),
        Scene("control-page", "Write a page, and see how it looks", "/control/pages/pages.data-policy"),
        Scene("not-found", "A page that is not there", "/datasets/0123456789abcdef0123456789abcdef"),
    ]
