"""What schemathesis loads beside fuzzing.toml: how NDJSON is written, and what must outlive the run."""

from __future__ import annotations

import json
import os
from typing import Any

import schemathesis

PROTECTED = "FUZZING_PROTECTED"
"""The variable of the environment with ids, separated by commas, that no request may take away."""


@schemathesis.serializer("application/x-ndjson", "application/offset+octet-stream")
def as_ndjson(context: Any, value: Any) -> Any:
    """A value as the body of NDJSON: text as it is, anything else as one line of JSON."""
    content = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value)
    return {"data": content}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Point what would delete something that the rest of the run needs at something that is not there."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 255:  # the same key with another request is refused, and rightly so
        case.headers["Idempotency-Key"] = f"{key[:200]}-{case.id}"
    kept = os.environ.get(PROTECTED, "").split(",")
    if case.method == "DELETE" or "delete" in case.path:
        for name, value in (case.path_parameters or {}).items():
            if str(value) in kept:
                case.path_parameters[name] = "0"
