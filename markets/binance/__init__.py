"""The Binance spot dialect: existing bots connect unchanged but for the base URL.

Rules:
- A translation at the edge. The same gateway, hub, accounts and rules are underneath; nothing is decided
  here that is decided elsewhere, and refusals are said in the dialect's codes and texts (`errors`).
- Prices, quantities and amounts are strings with exactly 8 decimals (`texts`), times milliseconds, ids
  integers.
- Programs only: no session, no cookie, no page. Every answer is JSON, also for addresses that do not exist.

`symbols`, `texts`, `errors`, `parameters`, `signing` and `calls` are what REST and sockets share; `routes`
says which address asks what, and `http` is the way in.
"""
