"""Take pictures of every page.

    python -m extras.screenshots [--to docs/images] [--data DIR] [--port PORT] [--only NAME ...]

An installation of its own is started in a temporary folder, filled with the demonstration's data and ended again; with
`--data`, one that was filled so before is shown as it is. Needs Chromium, and the libraries of the tests.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from app.local.instance import start_instance, stop_instance
from extras.screenshots.scenes import Scene, scenes
from extras.screenshots.stage import PASSWORD, Stage, fill

SCREENS = {"desk": (1400, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
_COLOURS, _COMMONEST = 128, 48
_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str]) -> int:
    """Take them, write the page that lists them, and say how many there are and how large."""
    parser = argparse.ArgumentParser(description="Take pictures of every page.")
    parser.add_argument("--to", type=Path, default=_ROOT / "docs" / "images")
    parser.add_argument("--data", type=Path, help="a folder for the installation that is shown, kept for another time")
    parser.add_argument("--port", type=int, help="where the installation listens meanwhile")
    parser.add_argument("--only", nargs="*", help="names of pictures")
    asked = parser.parse_args(arguments)
    with _stage(asked.data, asked.port) as (stage, url), _browser() as browser:
        wanted = [scene for scene in scenes(stage) if not asked.only or scene.name in asked.only]
        failed = [name for scheme in SCHEMES for name in _take_all(browser, url, wanted, scheme, asked.to)]
    if not asked.only:
        (asked.to.parent / "pages.md").write_text(_listed(wanted, asked.to.name))
    taken = {path for scene in wanted for path in asked.to.glob(f"{scene.name}-*.png")}
    print(f"{len(taken)} pictures, {sum(path.stat().st_size for path in taken) / 1e6:.1f} MB")
    for name in failed:
        print(f"not taken: {name}", file=sys.stderr)
    return int(bool(failed))


@contextmanager
def _stage(data: Path | None, port: int | None) -> Iterator[tuple[Stage, str]]:
    """An installation that runs and is filled, and its address."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = data or Path(temporary)
        known = folder / "stage.json"
        instance = start_instance(folder, port)
        try:
            if not known.exists():
                known.write_text(json.dumps(asdict(fill(folder))))
            yield Stage(**json.loads(known.read_text())), instance.url
        finally:
            stop_instance(folder)


@contextmanager
def _browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise SystemExit("There is no Chromium on this machine. On Debian: apt install chromium")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


def _take_all(browser: Browser, url: str, wanted: Sequence[Scene], scheme: str, folder: Path) -> Iterator[str]:
    """Take each scene on each screen; the names of those that could not be taken."""
    folder.mkdir(parents=True, exist_ok=True)
    for screen, (width, height) in SCREENS.items():
        people: dict[str | None, BrowserContext] = {}
        for scene in wanted:
            if scene.who not in people:
                people[scene.who] = browser.new_context(
                    base_url=url,
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,  # type: ignore[arg-type]
                    reduced_motion="reduce",
                    timezone_id="Europe/Amsterdam",
                )
                _sign_in(people[scene.who], scene.who)
            page = people[scene.who].new_page()
            name = f"{scene.name}-{screen}-{scheme}.png"
            try:
                (folder / name).write_bytes(_take(page, scene))
            except BrowserError as error:
                yield f"{name}: {error.message.splitlines()[0]}"
            page.close()
        for context in people.values():
            context.close()


def _sign_in(context: BrowserContext, who: str | None) -> None:
    if who is None:
        return
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=name]", who)
    page.fill("[name=password]", PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/datasets*")
    page.close()


def _take(page: Page, scene: Scene) -> bytes:
    """One picture of a page."""
    page.goto(scene.path)
    page.wait_for_load_state("networkidle")
    if scene.do:
        scene.do(page)
    page.wait_for_timeout(300)
    packed = io.BytesIO()
    with_few_colours(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def with_few_colours(taken: Image.Image) -> Image.Image:
    """A picture with 128 colours, which makes it a third as large: the commonest of its own as they are, and the rest
    spread over all that it has, so that what is seldom keeps its colour too.
    """
    import numpy as np

    points = np.asarray(taken, dtype=np.int32)
    numbered = points[..., 0] << 16 | points[..., 1] << 8 | points[..., 2]
    numbers, places, amounts = np.unique(numbered, return_inverse=True, return_counts=True)
    colours = np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=1)
    commonest = colours[np.argsort(-amounts, kind="stable")[:_COMMONEST]]
    spread = taken.quantize(_COLOURS - len(commonest), Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    others = np.array(spread.getpalette(), dtype=np.int32).reshape(-1, 3)
    palette = np.concatenate([commonest, others])[:_COLOURS]
    nearest = np.array([((palette - colour) ** 2).sum(axis=1).argmin() for colour in colours], dtype=np.uint8)
    made = Image.fromarray(nearest[places].reshape(points.shape[:2]), "P")
    made.putpalette(palette.astype(np.uint8).tobytes())
    return made


def _listed(wanted: Sequence[Scene], folder: str) -> str:
    """The page that shows all pictures."""
    lines = [
        "# Every page",
        "",
        "Taken of the demonstration's data by `make pictures`: on a desk, and in the dark on a phone. Beside each lies",
        "the same in the other colours (`-desk-dark`, `-phone-light`).",
    ]
    for scene in wanted:
        lines += ["", f"## {scene.about}", ""]
        lines.append(f"![{scene.about}]({folder}/{scene.name}-desk-light.png)")
        lines.append(f"![{scene.about}, on a phone]({folder}/{scene.name}-phone-dark.png)")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
