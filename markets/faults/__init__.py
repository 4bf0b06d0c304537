"""Faults on purpose, so that whoever writes a bot can see what it does when an exchange misbehaves.

Rules:
- A plan belongs to an API key and says what goes wrong for that key, and for nobody else; nothing of the
  exchange is harmed: what is refused was not done, and what was done is durable.
- It is said loudly: in a header of every answer, in the first message or in every message of a socket, on
  the account's pages and in the admin.
- Who has no plan pays nothing: while there is no plan here at all, one test of an empty dictionary a request
  and a connection, and none a message.
- Only where the operator lets it (EXCHANGE_FAULTS; not said: in a sandbox).

`plan` says what may go wrong and decides, purely; `in_force` knows this process's plans; `rows` keeps them;
`edge` is the way in over HTTP, `line` that of a socket; `texts` knows how messages look.
"""
