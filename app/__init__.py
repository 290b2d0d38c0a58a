"""4CAT: capture and analyse social media posts. The application behind its pages, its API and its workers."""

__version__ = "0.1.0"
