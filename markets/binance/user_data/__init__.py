"""An account's private events as the dialect tells them: what became of orders, fills, balances.

`reports` says what an account's event is in the dialect, `feed` brings them to a socket, and `listen_keys`
names an account for clients that do not sign for it.
"""
