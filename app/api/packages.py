"""Packages: a capture with all made from it, for another installation."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.api.results import send
from app.services import package as packages
from app.services.download import disposition

blueprint = Blueprint("packages", "A capture with all made from it, for another installation.")
blueprints = (blueprint,)

_BINARY = {"type": "string", "format": "binary"}


class PackageManifestSchema(Schema):
    """What is in a package; docs/packages.md tells more."""

    format = ma.fields.String()
    version = ma.fields.Integer(metadata={"description": "Of the format"})
    made = ma.fields.String()
    made_by = ma.fields.Dict(metadata={"description": "The installation: software, version, site, address"})
    top = ma.fields.String(metadata={"description": "The key of the capture"})
    datasets = ma.fields.List(ma.fields.Dict(), metadata={"description": "The capture first, parents before children"})
    left_out = ma.fields.List(ma.fields.Dict(), metadata={"description": "What has not ended, and so is not in it"})
    members = ma.fields.Dict(metadata={"description": "By name: `size` in bytes and `sha256`"})


@blueprint.route("/datasets/<key:key>/package")
class Package(MethodView):
    """All of it."""

    counts_as = "download"

    @blueprint.response(200, _BINARY, content_type="application/zip", description="The package")
    def get(self, key: str) -> Response:
        """Download a capture with all made from it as one ZIP; of what was made from a capture, that of the capture.

        Only owners of the capture may, who have the right `rights.export`. Credentials are never in it.
        """
        ctx = installation()
        package = packages.open_package(ctx, actor(), key)
        answer = Response(packages.stream_package(package), content_type="application/zip")
        answer.headers["Content-Disposition"] = disposition(packages.package_name(package))
        answer.headers["Cache-Control"] = "private, no-store"
        return answer


@blueprint.route("/datasets/<key:key>/package/manifest")
class PackageManifest(MethodView):
    """What is in it."""

    counts_as = "download"

    @blueprint.response(200, PackageManifestSchema)
    def get(self, key: str) -> dict[str, Any]:
        """Show what is in the package of a dataset: its datasets, and every member with size and SHA-256."""
        return packages.manifest_of(packages.open_package(installation(), actor(), key))


@blueprint.route("/datasets/<key:key>/package/members/<path:name>")
class PackageMember(MethodView):
    """One file of it."""

    counts_as = "download"

    @blueprint.response(200, _BINARY, content_type="application/octet-stream", description="The file")
    @blueprint.alt_response(206, description="The part of a stored file that Range asks for", success=True)
    @blueprint.alt_response(304, description="The file that If-None-Match names is still the one", success=True)
    def get(self, key: str, name: str) -> Response:
        """Download one member of the package, named as in the manifest; results can be fetched in parts."""
        ctx = installation()
        return send(packages.download_member(ctx, packages.open_package(ctx, actor(), key), name))
