"""`heatproof new`: from a folder of pictures to a study in a folder of its own."""
