"""Ask for the jobs that read a thread or download an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.plugins import Batch
from datasources._imageboard.engines import PostRead
from datasources._imageboard.site import Site
from datasources._imageboard.store import images


def ask_for_thread(batch: Batch, site: Site, board: str, number: int) -> None:
    """Let a thread be read soon, unless it is waiting to be."""
    batch.enqueue(f"{site.id}-thread", f"{board}/{number}", {"board": board, "thread": number})


def ask_for_images(batch: Batch, site: Site, posts: Sequence[PostRead], base: str) -> None:
    """Let the images of these posts be downloaded, but those that are there."""
    found = {image.md5: image for post in posts for image in filter(images.is_image, post.images) if image.md5}
    addresses = {md5: base + found[md5].path for md5 in images.wanted(batch, found)}
    images.note_asked(batch, site.id, addresses)
    _ask(batch, site, addresses)


def ask_for_images_again(batch: Batch, site: Site) -> None:
    """Let images be downloaded of which nothing is known although they were asked for: a host was away, say."""
    _ask(batch, site, images.ask_again(batch, site.id))


def _ask(batch: Batch, site: Site, addresses: Mapping[str, str]) -> None:
    for md5 in sorted(addresses):
        batch.enqueue(f"{site.id}-image", md5, {"md5": md5, "url": addresses[md5]})
