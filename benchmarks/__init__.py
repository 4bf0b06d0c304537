"""What the figures in the documents come from; each module prints its own with `python -m`."""
