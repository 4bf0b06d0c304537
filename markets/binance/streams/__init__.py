"""Market data as the dialect streams it: `/ws` and `/stream`.

Rules:
- A stream is what a client names; each of its events is written once, whoever many follow it, and once more
  where it comes with its stream's name.
- Nothing is remembered of a market that nobody follows here, and nothing is done for it.
- What was made since the last beat is written to each socket at once (`beat`): a beat is short against a
  client's way, and long against a trade.
- A socket that lags is cut: updates that were left out would make its book wrong without a word.

`names` says what a stream is, `market` makes one market's events, `klines` and `summaries` those that go by
the clock, `board` knows all of a process's, and `socket` is the way in.
"""
