"""What posters write: subjects, and comments with quotes, greentext, spoilers, links, code and the world's scripts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random

from extras.living_board.rules import Rules
from extras.living_board.state import Quote, Text

_COMMON = """
the a to and of is it you in that this for on are with be not they have was just like what if about all one can do so
people or but no we my get who at your as from there think know why will more would time when them how good thread anon
really been than want going now say only even their make should right never because see need way still much also any
then years same thing post someone always looks something could had best money old work every world everyone first
where into other day start back read nothing real new bad better actually stop board
"""
_TOPICS = {
    "pol": "election border tax senate minister protest war oil media vote bank party law court trade union energy",
    "g": "kernel driver laptop compiler browser script server linux router python battery keyboard patch disk phone",
    "v": "game boss level console controller patch graphics soundtrack sequel studio mod speedrun quest ending",
    "po": "paper fold crease glue crane pattern template model tape card box sheet cut print scissors diagram",
    "qresearch": "drop map archive flight notable bun baker proof source timeline document photo letter question",
}
_ANY_TOPIC = "weather train book coffee film song garden city river football bread bicycle museum island winter photo"
_ODD = (
    "Ça coûte 5 € – déjà vu « ici » à Orléans",
    "Straße, Übergröße & Käse <3 \"groß\" isn't 'grob'",
    "Это не первый раз, когда мы это видим",
    "これは本当ですか？写真を見せてください",
    "이 글을 다시 읽어 보세요",
    "هذا ليس صحيحا على الإطلاق",
    "זה לא נכון בכלל",
    "नमस्ते दुनिया, यह एक परीक्षा है",
    "lol 😂😂 nice one 👍🏽 👨‍👩‍👧‍👦 🇳🇱",
    "Z͑ͫ̓a̴̵͑l̡͊g̈́ͮo is here",
    "if (a < b && c > d) { return \"x\" + 'y'; }",
    "(((they))) &amp; the AT&T <b>bold</b> trick",
    "100% of \\backslashes\\ and | pipes, commas; colons: \ttabs",
)
_LINKS = (
    "https://www.example.org/2024/03/a-rather-long-title-of-an-article-nobody-will-read.html?ref=board&page=2",
    "https://example.com/watch?v=dQw4w9WgXcQ",
    "http://news.example.net/politics/article/3141592.html",
    "https://en.wikipedia.example/wiki/Imageboard#History",
)
_CODE = ("int main(void) {\n    return a < 3 && b > 4;\n}", "for x in range(10):\n    print(x)")
_LEADS = ("daily", "general", "official", "why is", "who here", "redpill me on", "post your", "the state of", "new")


class Writer:
    """Writes the texts of one board, out of chance alone."""

    def __init__(self, rules: Rules, chance: Random) -> None:
        self._rules = rules
        self._chance = chance
        topic = _TOPICS.get(rules.board, _ANY_TOPIC).split()
        self._topic = topic
        common = _COMMON.split()
        self._words = [*topic, *common]
        self._weights = list(accumulate([3.0] * len(topic) + [40 / (rank + 4) for rank in range(len(common))]))

    def subject(self) -> str:
        """A subject, or none: half of the threads have one."""
        chance = self._chance
        if chance.random() < 0.5:
            return ""
        return f"/{chance.choice(self._topic)}/ {chance.choice(_LEADS)} {chance.choice(self._topic)} & more"[:100]

    def opening(self) -> Text:
        """The comment of a new thread."""
        lines = [self._sentence(), *(self._line() for _ in range(self._chance.randint(0, 5)))]
        return Text("\n".join(lines))

    def reply(self, quotes: Sequence[Quote], *, with_file: bool) -> Text:
        """The comment of a reply to these posts; one with a file may have none."""
        chance = self._chance
        if with_file and not quotes and chance.random() < 0.3:
            return Text("")
        lines: list[str] = []
        for quote in quotes:
            lines.append(f">>{quote.no}")
            lines += [self._line() for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        if not quotes:
            lines += [self._sentence(), *(self._line() for _ in range(chance.choice((0, 0, 1, 1, 2, 4))))]
        return Text("\n".join(lines), tuple(quotes))

    def file_name(self) -> str:
        """The name a file had on the poster's machine."""
        chance = self._chance
        draw = chance.random()
        if draw < 0.5:
            return str(chance.randrange(1_300_000_000_000_000, 1_700_000_000_000_000))
        if draw < 0.9:
            return "_".join(chance.choices(self._words, k=chance.randint(1, 4)))
        return chance.choice(("Screenshot 2024-03-04 at 12.00.01", "naïve résumé", "写真", "a&b <c>", "image"))

    def _line(self) -> str:
        chance = self._chance
        draw = chance.random()
        if draw < 0.62:
            return self._sentence()
        if draw < 0.80:
            return f">{self._sentence()}"
        if draw < 0.86:
            return chance.choice(_ODD)
        return self._special(draw)

    def _special(self, draw: float) -> str:
        chance = self._chance
        if draw < 0.90:
            return f"{self._sentence()} {chance.choice(_LINKS)}"
        if draw < 0.92:
            return "a" * chance.randint(36, 120)
        if draw < 0.94:
            return f">>>/{chance.choice(('g', 'v', 'pol'))}/"
        if self._rules.spoilers and draw < 0.96:
            return f"{self._sentence()} [spoiler]{self._sentence()}[/spoiler]"
        if self._rules.code_tags and draw < 0.97:
            return f"[code]{chance.choice(_CODE)}[/code]"
        return "" if draw > 0.99 else self._sentence()

    def _sentence(self) -> str:
        chance = self._chance
        words = chance.choices(self._words, cum_weights=self._weights, k=chance.randint(3, 14))
        sentence = " ".join(words)
        return sentence if chance.random() < 0.5 else f"{sentence.capitalize()}{chance.choice('.?!…')}"
