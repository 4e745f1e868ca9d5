"""A network on other images than those it was trained for: how it answers, what its maps do."""
