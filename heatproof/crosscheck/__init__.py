"""Every study checks itself: what the libraries give of its own networks, beside what we give."""
