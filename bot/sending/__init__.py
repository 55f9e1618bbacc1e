"""How what stands in the outbox gets to people: one account's line, the keeper of campaigns, the epochs beside the keys."""
