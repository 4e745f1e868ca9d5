"""Statistics of per-image values and maps, for every room that has some."""
