"""SPEAKS: process, settings, channels, lanes, clock, web. Everything that knows a framework, a port or a signal."""
