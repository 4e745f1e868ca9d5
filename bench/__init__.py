"""What is claimed about speed, measured: each prints its table."""
