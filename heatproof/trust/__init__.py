"""Whether an attribution can be believed: measures, controls, and what the two come to."""
