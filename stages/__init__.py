"""The study's pipeline: one module a stage, and the rooms they use."""
