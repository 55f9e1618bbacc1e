"""CARRY OUT: use cases in platform-neutral words. One thing happens, one transaction."""
