"""Desks at which officers settle what phones brought, in the county of ``case_land`` or the ``valley``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.county import County


@dataclass(frozen=True)
class Desk:
    """An officer before the list of problems."""

    valley: County
    name: str

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.valley.app.test_client().get(f"/api/v1{path}", headers=self._key())
        assert answer.status_code == status, answer.text
        return answer.json

    def post(self, path: str, body: Any):
        return self.valley.app.test_client().post(f"/api/v1{path}", json=body, headers=self._key())

    def open(self, **filters: str) -> list[dict[str, Any]]:
        """Return the open problems, newest first."""
        asked = "&".join(f"{name}={value}" for name, value in filters.items())
        return self.get(f"/problems?{asked}")["items"]

    def one(self, **filters: str) -> dict[str, Any]:
        """Return the only open problem there is, in full."""
        [found] = self.open(**filters)
        return self.get(f"/problems/{found['id']}")

    def settle(self, problem: str, how: str, status: int = 200, **more: Any) -> dict[str, Any]:
        answer = self.post(f"/problems/{problem}/settlement", {"how": how, **more})
        assert answer.status_code == status, answer.text
        return answer.json

    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Key {self.valley.keys[self.name]}"}
