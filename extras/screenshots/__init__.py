"""Pictures of every page for the documentation, taken by a real browser of the demonstration's data.

`stage` fills an empty installation, `scenes` says what is looked at, and `python -m extras.screenshots` takes them:
each page on a desk and on a phone, in light and dark.
"""
