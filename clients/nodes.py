"""Nodes: the exchange's web processes that a client knows, and the one that it uses.

Rules:
- All of a client's connections use the same node, until somebody says that it failed: then the next one,
  round and round. What connects, connects to `current`; what fails, says which node failed it.
- `learn` takes what the exchange itself names (`GET nodes`): those before the ones given at the start, which
  are kept, since some address must be left to ask.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit


class Nodes:
    """Addresses such as `https://one.example.org`: a list, or a text with commas between them."""

    def __init__(self, urls: str | Sequence[str]) -> None:
        words = urls.split(",") if isinstance(urls, str) else urls
        self._given = [_address(word) for word in words]
        if not self._given:
            raise ValueError("no URL of the exchange was given")
        self._known = list(dict.fromkeys(self._given))
        self._current = self._known[0]

    @property
    def current(self) -> str:
        """The node to use."""
        return self._current

    @property
    def known(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._known)

    def failed(self, url: str) -> None:
        """Use another from now on, if there is one and if this one is still the one in use."""
        if url == self._current:
            place = self._known.index(url)
            self._current = self._known[(place + 1) % len(self._known)]

    def learn(self, alive: Iterable[str]) -> None:
        """Take the nodes that the exchange says are alive, and leave one that is not among them."""
        named = [_address(url) for url in alive]
        if not named:
            return
        before = self._current
        self._known = list(dict.fromkeys([*named, *self._given]))
        if before not in named and before not in self._given:
            self._current = self._known[0]


def _address(text: str) -> str:
    url = text.strip().rstrip("/")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError(f"the exchange's URL must begin with http:// or https://: {text!r}")
    return url
