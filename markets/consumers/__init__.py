"""The three ways in that speak through Channels: engines, public and private sockets."""
