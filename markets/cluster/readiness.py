"""When a cluster is ready: every web process answers 200 on /readyz, and not from memory.

Rules:
- A web process believes in an engine for ENGINE_SILENT_AFTER seconds after it last heard it, so
  readiness says something about a stop only when that long has passed since: `settle` waits for it.
- What is not ready in time is named, with what it said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import httpx

from markets.hub.market import ENGINE_SILENT_AFTER

SETTLE_SECONDS: Final = ENGINE_SILENT_AFTER + 0.5
LOOK_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 5.0


class NotReady(Exception):
    """Something did not become ready in time; the text says what."""


async def settle() -> None:
    """Wait until nobody believes any more in what was stopped just now."""
    await asyncio.sleep(SETTLE_SECONDS)


async def wait_until_ready(urls: Sequence[str], seconds: float) -> None:
    """Return when each of the web processes is ready. Raises NotReady."""
    reasons: dict[str, str] = {}
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as http,
        ):
            while reasons := await _not_ready(http, urls):
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        said = "; ".join(f"{url}: {why}" for url, why in reasons.items())
        raise NotReady(f"not ready within {seconds:.0f} s: {said or ', '.join(urls)}") from None


async def _not_ready(http: httpx.AsyncClient, urls: Sequence[str]) -> dict[str, str]:
    reasons = await asyncio.gather(*(_why_not(http, url) for url in urls))
    return {url: why for url, why in zip(urls, reasons, strict=True) if why}


async def _why_not(http: httpx.AsyncClient, url: str) -> str:
    try:
        answer = await http.get(f"{url.rstrip('/')}/readyz")
    except httpx.HTTPError as error:
        return f"no answer ({type(error).__name__})"
    if answer.status_code == 200:
        return ""
    return f"{answer.status_code} {answer.text[:300]}"
