"""The API: the same services as the pages, for scripts, described at /api/openapi.json."""
