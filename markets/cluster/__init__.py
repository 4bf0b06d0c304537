"""A small cluster on one machine: what it needs, its processes, and when it is ready."""
