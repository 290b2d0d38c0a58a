"""What administrators set while the tool runs."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.services import site_setting
from app.services.site_setting import SiteSetting

blueprint = Blueprint("settings", "What is set while the tool runs. For administrators.")
blueprints = (blueprint,)


class SiteSettingSchema(Schema):
    """A setting."""

    name = ma.fields.String()
    type = ma.fields.String(allow_none=True, metadata={"description": "The type of work that it is about, if any"})
    source = ma.fields.String(allow_none=True, metadata={"description": "The data source that it is about, if any"})
    kind = ma.fields.String(attribute="rule.kind", metadata={"description": "number, toggle, text or choice"})
    value = ma.fields.Raw(metadata={"description": "What counts now"})
    is_set = ma.fields.Boolean(metadata={"description": "Whether it has been set, or else is the default"})
    default = ma.fields.Raw()
    origin = ma.fields.String(
        metadata={"description": "Where the default comes from: a variable of the environment, or the type"}
    )
    least = ma.fields.Raw(attribute="rule.least", metadata={"description": "Of a number"})
    most = ma.fields.Raw(attribute="rule.most", metadata={"description": "Of a number"})
    unit = ma.fields.String(attribute="rule.unit")
    help = ma.fields.String(attribute="rule.help")
    ignored = ma.fields.Raw(metadata={"description": "A stored value that is not valid and so does not count"})


class ValueSchema(Schema):
    """What to set it to."""

    value = ma.fields.Raw(required=True, metadata={"description": "A number, true or false, or a text, as it takes"})


@blueprint.route("/settings")
class Settings(MethodView):
    """All of them."""

    @blueprint.response(200, SiteSettingSchema(many=True))
    def get(self) -> list[SiteSetting]:
        """List the settings: limits per person, those of data sources, and how much of each type of work may run."""
        return site_setting.list_site_settings(installation(), actor())


@blueprint.route("/settings/<name>")
class OneSetting(MethodView):
    """One of them."""

    @blueprint.arguments(ValueSchema)
    @blueprint.response(200, SiteSettingSchema)
    def put(self, wanted: dict[str, Any], name: str) -> SiteSetting:
        """Set a setting, for all machines and without a restart."""
        return site_setting.set_site_setting(installation(), actor(), name, wanted["value"])

    @blueprint.response(204)
    def delete(self, name: str) -> None:
        """Let the default count again."""
        site_setting.unset_site_setting(installation(), actor(), name)
