"""Hyperparameters of a cell, searched for by Optuna with the validation part alone."""
