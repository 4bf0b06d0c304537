"""The dialect's WebSocket API, `/ws-api/v3`: REST's calls by name, a session, an account's private events.

`requests` reads a frame, `methods` says which call a method is, `session` who asks, `socket` is the way in.
"""
