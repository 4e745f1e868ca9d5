"""What is worth knowing of a dataset before a network sees it: duplicates, unusual images."""
