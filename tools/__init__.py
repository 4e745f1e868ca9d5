"""What the Makefile calls beside the stages: the demo, the sweep, the study with a budget."""
