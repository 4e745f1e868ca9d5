"""Datasets: one file per source, and what they share."""
