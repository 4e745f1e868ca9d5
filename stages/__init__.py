"""The study's pipeline: one module per stage, called by dvc.yaml."""
