"""Networks and servers that break, each in one way."""
