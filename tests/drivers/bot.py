"""The Bot: somebody's program that speaks the Binance dialect, as plainly as it can be done."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

import httpx

JSON = Any


class Bot:
    """A key with its secret, at an address."""

    def __init__(self, url: str, key: str = "", secret: str = "") -> None:
        self.key = key
        self.secret = secret
        self.http = httpx.Client(base_url=url, timeout=30)

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Ask for something public."""
        return self.http.get(f"/api/v3/{path}", params=params)

    def public(self, path: str, **params: Any) -> JSON:
        """The same, which must succeed."""
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def sign(self, payload: str) -> str:
        """The signature of a payload."""
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def signed(self, params: dict[str, Any]) -> str:
        """A form with its time and signature."""
        form = urlencode({"timestamp": int(time.time() * 1000), **params})
        return f"{form}&signature={self.sign(form)}"

    def send(self, method: str, path: str, *, body: bool = False, **params: Any) -> httpx.Response:
        """A signed request, its parameters in the query or the body."""
        path = path if path.startswith("/") else f"/api/v3/{path}"
        form = self.signed({name: value for name, value in params.items() if value is not None})
        headers = {"X-MBX-APIKEY": self.key}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return self.http.request(method, path, content=form, headers=headers)
        return self.http.request(method, f"{path}?{form}", headers=headers)

    def ask(self, path: str, **params: Any) -> JSON:
        """A signed GET, which must succeed."""
        return self.done(self.send("GET", path, **params))

    def post(self, path: str, **params: Any) -> JSON:
        """A signed POST, which must succeed."""
        return self.done(self.send("POST", path, **params))

    def delete(self, path: str, **params: Any) -> JSON:
        """A signed DELETE, which must succeed."""
        return self.done(self.send("DELETE", path, **params))

    def order(self, symbol: str, side: str, type_: str = "LIMIT", **params: Any) -> JSON:
        """Place an order, which must succeed; a limit order is GTC."""
        if type_ == "LIMIT":
            params.setdefault("timeInForce", "GTC")
        return self.post("order", symbol=symbol, side=side, type=type_, **params)

    @staticmethod
    def done(response: httpx.Response) -> JSON:
        """The answer of a request that succeeded."""
        assert response.status_code == 200, response.text
        return response.json()


def refused(response: httpx.Response) -> tuple[int, int, str]:
    """What a request was refused with: (status, code, text)."""
    body = response.json()
    assert set(body) <= {"code", "msg", "data"}, body
    return response.status_code, body["code"], body["msg"]
