"""Commands, events and books on the wire, both ways.

`public` writes what the contract promises to clients; `transport` is what our own processes send
each other through the channel layer.
"""
