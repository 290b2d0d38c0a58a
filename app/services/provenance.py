"""Where a result comes from: every step from the capture down to it."""

from __future__ import annotations

from typing import Any

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.methods import methods_text
from app.storage import dataset as datasets


def provenance(ctx: Context, actor: User, key: str) -> dict[str, Any]:
    """The steps that led to a dataset, the capture first: parameters, versions, times, checksums of what came out.

    `methods` tells them as a paragraph for a paper.
    """
    dataset = get_dataset(ctx, actor, key)
    steps = [dataset]
    while steps[0].parent is not None:
        parent = datasets.find(ctx.database, steps[0].parent)
        if parent is None:
            break
        steps.insert(0, parent)
    return {"key": dataset.key, "methods": methods_text(ctx, steps), "steps": [_step(step) for step in steps]}


def _step(dataset: Dataset) -> dict[str, Any]:
    files = dataset.result.files if dataset.result else {}
    return {
        "key": dataset.key,
        "type": dataset.type,
        "label": dataset.label,
        "parameters": dataset.parameters,
        "status": str(dataset.status),
        "rows": dataset.rows,
        "quarantined": dataset.quarantined,
        "warnings": dataset.warnings,
        "created": dataset.created.isoformat(),
        "started": dataset.started.isoformat() if dataset.started else None,
        "ended": dataset.ended.isoformat() if dataset.ended else None,
        "seconds": dataset.seconds,
        "result": {role: {"bytes": file.size, "sha256": file.sha256} for role, file in files.items()},
        "made_by": dataset.provenance,
    }
