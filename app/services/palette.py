"""The colours of charts and networks: the accent that an administrator chose, and others that are told from it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from app.domain.setting import look_setting
from app.services.context import Context

ACCENTS = {
    "red": ("#b3261e", "#ff8a75"),
    "orange": ("#a04400", "#ffa65c"),
    "green": ("#1d6f42", "#74d29a"),
    "teal": ("#0b6b76", "#5fcdd8"),
    "blue": ("#1f5fa8", "#85bbff"),
    "violet": ("#6a3fa8", "#c3a2ff"),
    "pink": ("#a32a68", "#ff8fc0"),
    "graphite": ("#3d434b", "#c3c7cd"),
}
"""Each accent in light and in dark, as the style sheet has it."""

GROUNDS = {"light": ("#ffffff", "#fbfaf7"), "dark": ("#1d2024", "#16181b")}
"""What charts and networks are drawn on."""

SIZE = 9
_READABLE = 4.5
_LIGHTNESS = {"light": (0.42, 0.48, 0.54), "dark": (0.68, 0.75, 0.82)}
_CHROMA = 0.14
_HUES = range(0, 360, 12)

Colour = tuple[float, float, float]
_PROTAN = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
_DEUTAN = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
"""How those see who lack a kind of cones, in linear light (Machado, Oliveira and Fernandes, 2009)."""


def accent_of(ctx: Context) -> str:
    """The name of the accent that counts for this site."""
    return look_setting(ctx.site_settings(), "accent")


@lru_cache(maxsize=64)
def palette(accent: str = "red", theme: str = "light") -> tuple[str, ...]:
    """Colours for what differs in kind: the accent first, then each as far as can be from those before it.

    All have enough contrast with what they are drawn on (WCAG AA for text), and how far they are from each other is
    judged also as people with colour blindness see them.
    """
    chosen = [ACCENTS[accent][theme == "dark"]]
    candidates = [colour for colour in _candidates(theme) if _is_readable(colour, GROUNDS[theme])]
    while len(chosen) < SIZE:
        chosen.append(max(candidates, key=lambda colour: min(_apart(colour, other) for other in chosen)))
    return tuple(chosen)


@lru_cache(maxsize=64)
def ramp(accent: str = "red", theme: str = "light") -> tuple[str, str]:
    """From the least to the most of something: a breath of the accent, and the accent."""
    full, ground = (_linear(colour) for colour in (ACCENTS[accent][theme == "dark"], GROUNDS[theme][0]))
    little, much, paper = 0.09, 1.0, ground
    faint = tuple(part * little + below * (much - little) for part, below in zip(full, paper, strict=True))
    return _written(faint), ACCENTS[accent][theme == "dark"]  # type: ignore[arg-type]


def contrast(one: str, other: str) -> float:
    """How far two colours differ in brightness, from 1 to 21, as WCAG reckons."""
    dark, light = sorted(_luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _is_readable(colour: str, grounds: Iterable[str]) -> bool:
    return all(contrast(colour, ground) >= _READABLE for ground in grounds)


def _candidates(theme: str) -> list[str]:
    """Colours all round the wheel, at some lightnesses, as strong as a screen can show them up to a limit."""
    return [_strongest(lightness, hue) for lightness in _LIGHTNESS[theme] for hue in _HUES]


def _strongest(lightness: float, hue: int) -> str:
    chroma = _CHROMA
    while True:
        a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
        light = _light_of((lightness, a, b))
        if all(-1e-6 <= part <= 1 + 1e-6 for part in light):
            return _written(light)
        chroma -= 0.005


@lru_cache(maxsize=4096)
def _apart(one: str, other: str) -> float:
    """How different two colours look, to whoever tells them apart the least."""
    ways = (None, _PROTAN, _DEUTAN)
    far = min(math.dist(_seen(one, way), _seen(other, way)) * (1 if way is None else 1.35) for way in ways)
    return far * (0.6 + 0.4 * min(_turn(one, other) / 60, 1))


def _turn(one: str, other: str) -> float:
    """By how many degrees two hues differ: red and dark red are called the same, whatever their distance."""
    hues = [math.degrees(math.atan2(*reversed(_seen(colour, None)[1:]))) for colour in (one, other)]
    return abs((hues[0] - hues[1] + 180) % 360 - 180)


@lru_cache(maxsize=4096)
def _seen(colour: str, way: tuple[Colour, ...] | None) -> Colour:
    """A colour as a place in OKLab, where distances are differences that people see."""
    light = _linear(colour)
    if way is not None:
        light = _times(way, light)
    cones = _times(_TO_CONES, light)
    return _times(_TO_LAB, tuple(math.cbrt(max(cone, 0)) for cone in cones))  # type: ignore[arg-type]


def _light_of(lab: Colour) -> Colour:
    """The linear light of a place in OKLab."""
    cones = _times(_FROM_LAB, lab)
    return _times(_FROM_CONES, tuple(cone**3 for cone in cones))  # type: ignore[arg-type]


_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB = ((1, 0.3963377774, 0.2158037573), (1, -0.1055613458, -0.0638541728), (1, -0.0894841775, -1.2914855480))
_FROM_CONES = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
"""OKLab (Ottosson, 2020): from linear light to cones and to the space, and back."""


def _times(matrix: Iterable[Iterable[float]], vector: Colour) -> Colour:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _linear(colour: str) -> Colour:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def _written(light: Colour) -> str:
    clipped = (min(max(part, 0), 1) for part in light)
    parts = (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in clipped)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
