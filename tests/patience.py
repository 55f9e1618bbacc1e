"""How long a test waits for what must happen. How quick something is, no test asks: that is for `make bench`."""

__all__ = ["PATIENCE"]

PATIENCE = 60  # seconds; on the busiest machine
