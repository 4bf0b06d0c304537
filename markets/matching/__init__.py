"""The matching core: pure, deterministic, without clock or I/O; standard library and sortedcontainers."""
