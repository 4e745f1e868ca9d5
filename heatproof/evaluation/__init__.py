"""How good is a trained cell: functions from arrays of labels and logits to named numbers."""
