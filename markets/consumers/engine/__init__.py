"""The engine consumer: the single writer of one market, one batch after the other.

Rules:
- A batch is what has already arrived, at most MAX_BATCH commands; it never waits for more.
- What is due by the clock (orders that expire, switches, the end of an auction) is done first, also
  when nothing arrives, and at a start before anything trades.
- Gather, prefetch, execute, commit, and only then answer and publish.
- What the database refused is undone; a commit whose outcome is unknown is settled by reading. A market
  that another engine writes is left to it (`SteppedDown`).
- While its process is not certain that it still holds the market, it carries out nothing and says nothing.
- It leaves by a message to itself: what came before is carried out, what comes after is its successor's.
- When MAX_QUEUED commands wait, more are answered `busy` at once.
"""

from markets.consumers.engine.loop import MAX_BATCH, MAX_QUEUED, engine_consumer

__all__ = ["MAX_BATCH", "MAX_QUEUED", "engine_consumer"]
