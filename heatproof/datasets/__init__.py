"""Datasets: one file a source, and what they share."""
