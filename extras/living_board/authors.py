"""Who writes on a board: a few do most of it, each with a flag and now and then a name."""

from __future__ import annotations

import base64
import hashlib
from random import Random

from extras.living_board.rules import Rules
from extras.living_board.state import Author

COUNTRIES = {
    "US": "United States", "GB": "United Kingdom", "CA": "Canada", "AU": "Australia", "DE": "Germany",
    "NL": "Netherlands", "SE": "Sweden", "FI": "Finland", "FR": "France", "IT": "Italy", "ES": "Spain", "PL": "Poland",
    "BR": "Brazil", "MX": "Mexico", "JP": "Japan", "RU": "Russian Federation", "RO": "Romania", "IE": "Ireland",
    "NZ": "New Zealand", "CI": "Côte d'Ivoire", "XX": "Unknown",
}  # fmt: skip
FLAGS = {
    "AC": "Anarcho-Capitalist", "AN": "Anarchist", "CF": "Confederate", "CM": "Communist", "EU": "European",
    "GY": "Gay", "KN": "Kekistani", "MF": "Muslim", "NT": "NATO", "PC": "Hippie", "RE": "Republican", "TM": "Templar",
    "TR": "Tree Hugger", "UN": "United Nations", "WP": "White Supremacist",
}  # fmt: skip
_WEIGHTS = [40, 10, 8, 6, 5, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]
_NAMES = ("Anonymous Coward", "Ada", "OP", "Käthe", "山田", "Bob & Co <bob>", "Namefriend", "Q")


class Crowd:
    """The authors of one board, each the same whenever they write."""

    def __init__(self, seed: int, rules: Rules, chance: Random) -> None:
        self._seed = seed
        self._rules = rules
        self._chance = chance
        self._known: dict[int, Author] = {}

    def somebody(self) -> Author:
        """One of them, the busiest most often."""
        number = int(self._rules.authors * self._chance.random() ** 2)
        if number not in self._known:
            self._known[number] = self._introduce(number)
        return self._known[number]

    def poster_id(self, author: Author, thread: int) -> str:
        """The eight characters an author has in a thread; others in another thread, none where the board has none."""
        if not self._rules.poster_ids:
            return ""
        text = f"{self._seed}/{self._rules.board}/{thread}/{author.number}"
        return base64.b64encode(hashlib.sha256(text.encode()).digest())[:8].decode()

    def _introduce(self, number: int) -> Author:
        chance = Random(f"{self._seed} {self._rules.board} author {number}")
        rules, name, trip = self._rules, "", ""
        if not rules.forced_anonymous and chance.random() < 0.06:
            name = chance.choice(_NAMES)
            if chance.random() < 0.4:
                code = base64.b64encode(chance.randbytes(9)).decode()
                trip = f"!{code[:10]}" if chance.random() < 0.7 else f"!!{code[:11]}"
        country = flag = ""
        if rules.board_flags and chance.random() < 0.15:
            flag = chance.choice(list(FLAGS))
        elif rules.country_flags:
            country = chance.choices(list(COUNTRIES), _WEIGHTS)[0]
        return Author(number, name, trip, country, COUNTRIES.get(country, ""), flag, FLAGS.get(flag, ""))
