"""The smallest Flask application there is, for `bench.api` to compare with: one view that gives a short text."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Say something."""
    return "hello"
