"""The scrapers of every imageboard: the index of a board, a thread, an image. A source's own name their site."""

from datasources._imageboard.scrapers.board import BoardScraper
from datasources._imageboard.scrapers.image import ImageScraper
from datasources._imageboard.scrapers.thread import ThreadScraper

__all__ = ["BoardScraper", "ImageScraper", "ThreadScraper"]
