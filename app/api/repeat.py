"""The analyses of one dataset, asked for on another."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.services.repeat import MOST, repeat_analyses

blueprint = Blueprint("repeat", "The same analyses for another dataset.")
blueprints = (blueprint,)


class RepeatSchema(Schema):
    """What to repeat."""

    example = ma.fields.String(required=True, metadata={"description": "The key of the dataset that has the analyses"})
    analyses = ma.fields.List(
        ma.fields.String(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST),
        metadata={"description": "The keys of those wanted, at any depth below it; null is all"},
    )


class AskedSchema(Schema):
    """An analysis that was asked for."""

    repeated = ma.fields.String(metadata={"description": "The key of the analysis that was repeated"})
    key = ma.fields.String(metadata={"description": "What there is of it on this dataset"})
    label = ma.fields.String()
    new = ma.fields.Boolean(metadata={"description": "False when it was there already, with the same options"})


class RefusedSchema(Schema):
    """An analysis that could not be asked for."""

    repeated = ma.fields.String(metadata={"description": "The key of the analysis that was to be repeated"})
    label = ma.fields.String()
    problem = ma.fields.String()


class RepeatedSchema(Schema):
    """What became of each."""

    asked = ma.fields.List(ma.fields.Nested(AskedSchema))
    refused = ma.fields.List(ma.fields.Nested(RefusedSchema))


@blueprint.route("/datasets/<string:key>/repeat")
class Repeat(MethodView):
    """Repeating analyses."""

    @blueprint.arguments(RepeatSchema)
    @blueprint.response(202, RepeatedSchema, description="Asked for: they wait, each for what it reads")
    def post(self, wanted: dict[str, Any], key: str) -> dict[str, Any]:
        """Ask for the analyses of another dataset on this one, with the options that they had.

        Each is asked for by itself: one that does not fit, such as for a column that is missing here, holds up only
        those that read it.
        """
        done = repeat_analyses(installation(), actor(), key, wanted["example"], wanted["analyses"])
        return {
            "asked": [
                {"repeated": one.key, "key": made.key, "label": made.label, "new": is_new}
                for one, made, is_new in done.asked
            ],
            "refused": [{"repeated": one.key, "label": one.label, "problem": why} for one, why in done.refused],
        }
