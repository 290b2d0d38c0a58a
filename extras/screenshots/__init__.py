"""Pictures of every page for the documentation, taken by a real browser of the demonstration's data.

`stage` fills an empty installation, `scenes` says what is looked at, and `python -m extras.screenshots` takes them:
each page on a desk and on a phone, in light and dark.
"""

CONTROL_PAGES = (
    "jobs",
    "users",
    "tags",
    "requests",
    "messages",
    "datasets",
    "tokens",
    "logs",
    "plugins",
    "pages",
    "settings",
)
"""The pages of the control panel but the first, by the last part of their addresses."""
