"""What a Ray cluster costs a study, and what it brings."""
