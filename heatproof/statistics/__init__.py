"""Statistics of per-image values and maps, for every package that has some."""
