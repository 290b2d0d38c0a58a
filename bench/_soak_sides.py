"""The two ways in which an owner asks: by the services, as the pages do, or over the API."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, Protocol

import requests

from app.domain.errors import Unavailable, UserError
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset, create_capture, retry_dataset
from app.services.dataset_bin import delete_dataset
from app.services.import_file import import_file
from app.services.run import run_processor
from app.services.token import create_token

_PATIENCE = 30
_REFUSED = range(400, 500)


class Side(Protocol):
    """What an owner may ask for. A UserError means no, any other error that there was no answer."""

    def upload(self, content: bytes, pseudonymise: str) -> str:
        """The key of a dataset made of a file."""

    def capture(self, parameters: Mapping[str, Any]) -> str:
        """The key of a dataset of numbers."""

    def run(self, source: str, type_: str, options: Mapping[str, Any], *, rerun: bool = False) -> tuple[str, bool]:
        """The key of the dataset that an analysis makes, and whether it is new."""

    def cancel(self, key: str) -> None:
        """Stop it."""

    def delete(self, key: str) -> None:
        """Delete it."""

    def retry(self, key: str) -> None:
        """Run it again."""


class Services:
    """Asks in this process."""

    def __init__(self, ctx: Context, user: User) -> None:
        self._ctx, self._user = ctx, user

    def upload(self, content: bytes, pseudonymise: str) -> str:
        """Import a file."""
        stream = io.BytesIO(content)
        return import_file(self._ctx, self._user, "soak.csv", stream, "upload", {}, pseudonymise=pseudonymise).key

    def capture(self, parameters: Mapping[str, Any]) -> str:
        """Collect numbers."""
        return create_capture(self._ctx, self._user, "soak_capture", parameters).key

    def run(self, source: str, type_: str, options: Mapping[str, Any], *, rerun: bool = False) -> tuple[str, bool]:
        """Run an analysis."""
        made, is_new = run_processor(self._ctx, self._user, source, type_, options, rerun=rerun)
        return made.key, is_new

    def cancel(self, key: str) -> None:
        """Stop it."""
        cancel_dataset(self._ctx, self._user, key)

    def delete(self, key: str) -> None:
        """Delete it."""
        delete_dataset(self._ctx, self._user, key)

    def retry(self, key: str) -> None:
        """Run it again."""
        retry_dataset(self._ctx, self._user, key)


class Web:
    """Asks the web process."""

    def __init__(self, ctx: Context, user: User, url: str) -> None:
        self._url = f"{url}/api/datasets"
        self._headers = {"Authorization": f"Bearer {create_token(ctx, user, 'soak')[1]}"}

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            answer = requests.request(method, self._url + path, headers=self._headers, timeout=_PATIENCE, **more)
        except requests.RequestException as error:
            raise Unavailable(f"no answer: {error}") from error
        if answer.status_code in _REFUSED:
            raise UserError(answer.text)
        if not answer.ok:
            raise Unavailable(answer.text)
        return answer

    def upload(self, content: bytes, pseudonymise: str) -> str:
        """Import a file."""
        form = {"pseudonymise": pseudonymise, "parameters": json.dumps({})}
        return str(self._ask("POST", "/upload", files={"file": ("soak.csv", content)}, data=form).json()["key"])

    def capture(self, parameters: Mapping[str, Any]) -> str:
        """Collect numbers."""
        wanted = {"datasource": "soak_capture", "parameters": parameters}
        return str(self._ask("POST", "", json=wanted).json()["key"])

    def run(self, source: str, type_: str, options: Mapping[str, Any], *, rerun: bool = False) -> tuple[str, bool]:
        """Run an analysis."""
        query = "?rerun=true" if rerun else ""
        answer = self._ask("POST", f"/{source}/processors/{type_}{query}", json=dict(options))
        return str(answer.json()["key"]), answer.status_code == requests.codes.accepted

    def cancel(self, key: str) -> None:
        """Stop it."""
        self._ask("POST", f"/{key}/cancel")

    def delete(self, key: str) -> None:
        """Delete it."""
        self._ask("DELETE", f"/{key}")

    def retry(self, key: str) -> None:
        """Run it again."""
        self._ask("POST", f"/{key}/retry")
