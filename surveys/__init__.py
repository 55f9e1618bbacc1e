"""DECIDES: forms, sessions, ballots, results, waves, assessment. Values in, values out; no async, clock, database or network."""
