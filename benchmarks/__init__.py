"""What we measure, each beside something else in the same run, so that a noisy machine cannot flatter us."""
