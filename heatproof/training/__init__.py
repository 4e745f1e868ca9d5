"""Training: batches, augmentation, learning-rate schedules, progress and the loop around them."""
