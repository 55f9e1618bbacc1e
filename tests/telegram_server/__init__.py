"""A Bot API server of our own: strict where Telegram is strict, and stricter where Telegram is silent."""
