"""The commands that a person runs: one module each, with `add_arguments` and `main`."""
