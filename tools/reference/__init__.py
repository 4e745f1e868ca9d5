"""The documentation's reference pages, made from the code when `make docs` runs."""
