"""StandIn: a small exchange over real sockets, so that the client can be tested without the server.

Rules:
- It speaks the public contract and knows nothing of `clients` or `markets`; its checksum is counted
  anew, over the whole book, each time.
- Price-time matching of limit and market orders, in Decimals; no funds, no fees. Stops and the exits
  of brackets wait and are never triggered; an auction collects orders, and its end matches none.
- Time stands still; a deadline before `now` has passed.
- Faults are asked for by number (`lose_answers = 1`: the next command is carried out, and its
  connection ends instead of answering, and `after_loss` is called), so that each happens exactly
  once and no test waits.
"""

from tests.clients.stand_in.exchange import StandIn

__all__ = ["StandIn"]
