"""Train small image classifiers, explain their predictions, and measure the explanations."""
