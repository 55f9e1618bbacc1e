"""A platform that counts: every message it took, when, and to whom; and that refuses the one too many in any second."""
