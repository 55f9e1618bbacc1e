"""The four rooms mirrored, plus journeys, contracts and faults."""
