"""The officers' bot: real python-telegram-bot, a strict Bot API server, a real database; a clock that waits."""
