"""The page about what administrators set while the tool runs, made from its rules."""

from __future__ import annotations

from app.domain.capture_rules import SOURCE_RULES
from app.domain.right import GIVEN_RULES, Right
from app.domain.setting import (
    EXTENSION,
    EXTENSIONS,
    LIMIT_RULES,
    LIMITS,
    RIGHTS,
    WORKER_RULES,
    WORKERS,
    OneOf,
    Rule,
    Switch,
    Words,
)
from app.domain.setting_groups import SITE_GROUPS
from app.domain.site_page import PAGES


def describe_site_settings() -> list[str]:
    """These settings as a section of Markdown, line by line."""
    names = {f"{WORKERS}.TYPE.{what}": rule for what, rule in WORKER_RULES.items()}
    names |= {f"{LIMITS}.{what}": rule for what, rule in LIMIT_RULES.items()}
    return [
        "",
        "## Changed while the tool runs",
        "",
        "Administrators change these on the page *Settings* of the control panel, by `PUT /api/settings/{name}` or",
        "with `./4cat setting set NAME VALUE`. They are kept in the database and hold for all machines. `TYPE` is a",
        "type of work, such as `tokenise-posts`; `./4cat setting list` shows all of them with their defaults. How",
        "many jobs may run at once changes without a restart, and what runs is left to end. Memory and time count",
        "for jobs that start afterwards.",
        "",
        "| name | takes | what it means |",
        "|---|---|---|",
        *(f"| `{name}` | {_taken(rule)} | {rule.help} |" for name, rule in names.items()),
        *(
            f"| `{group}.{what}` | {_taken(rule)} | {f'{rule.label}: ' if group == RIGHTS else ''}{rule.help} |"
            for group, rules in SITE_GROUPS.items()
            for what, rule in rules.items()
        ),
        f"| `{PAGES}.NAME` | a text | A page that everybody can read at `/page/NAME`, in Markdown. |",
        *(f"| `SOURCE.{what}` | {_taken(rule)} | {rule.help} |" for what, rule in SOURCE_RULES.items()),
        f"| `{EXTENSIONS}.PACKAGE` | yes or no | {EXTENSION.help} |",
        "",
        "**Limits and rights** may also be set for one user, or for all who have a tag. What counts for somebody is",
        "what is set for them, else for the first of their tags in the order of the page *Tags*, else for everybody,",
        "else the default. Administrators have every right. These rights are given only so, never to everybody, and by",
        "nobody who does not have them; without them somebody is no administrator of anything:",
        "",
        "| name | what it means |",
        "|---|---|",
        *(f"| `{right.setting}` | {GIVEN_RULES[right].label}: {GIVEN_RULES[right].help} |" for right in Right),
        "",
        "**Limits per person** hold when something is asked for: a capture, an analysis with all its steps, another",
        "try, an upload. Administrators are held to them too. A megabyte of storage is a million bytes. A result is",
        "never thrown away for its size, so it may take its owner beyond the limit; nothing more can be asked for then",
        "until datasets have been deleted for good; those that can still be brought back count.",
        "",
        "**Old datasets** go when `limits.expire_days` is set, or on the day that an owner has chosen. An owner may",
        "keep a dataset whatever its age. For datasets of one source, `SOURCE.expire_days` counts before it, such as",
        "`twitter.expire_days`; with 0 none of this source goes by itself. Where `SOURCE.may_keep` is no, they go at",
        "that age whatever has been chosen for them, or earlier. The task `delete-datasets` does it once an hour, and",
        "leaves what is at work.",
        "",
        "**Texts and pages** are written on the tab *Pages* of the control panel, with a preview. There always are",
        "`pages.citing`, with a text to begin with, and `pages.data-policy`, which is shown once it has one; any other",
        "name of small letters, digits and hyphens makes a page of its own. A page is called what its first line says",
        "after a `#`. HTML in texts is shown as it is written, and pictures of other sites as links to them.",
        "",
        "**Data sources** have settings of their own, named after the source, such as `fourchan.boards`, in the same",
        "places. [What those of imageboards mean](imageboards.md#settings).",
    ]


def _taken(rule: Rule | Switch | Words | OneOf) -> str:
    if isinstance(rule, Rule):
        return f"{rule.least:,} to {rule.most:,} {rule.unit}"
    if isinstance(rule, OneOf):
        return ", ".join(rule.choices)
    return rule.taken if isinstance(rule, Words) else "yes or no"
