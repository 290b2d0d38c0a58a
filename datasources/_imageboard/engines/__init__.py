"""The engines that imageboards run on: what their APIs answer, turned into one shape. Pure."""

from datasources._imageboard.engines.engine import Engine
from datasources._imageboard.engines.fourchan import FourChanEngine
from datasources._imageboard.engines.lynxchan import LynxChanEngine
from datasources._imageboard.engines.reading import ImageRead, PostRead, ThreadListed, ThreadRead, Unreadable
from datasources._imageboard.engines.vichan import VichanEngine

__all__ = [
    "Engine",
    "FourChanEngine",
    "ImageRead",
    "LynxChanEngine",
    "PostRead",
    "ThreadListed",
    "ThreadRead",
    "Unreadable",
    "VichanEngine",
]
