"""The study on Ray: DVC says what there is to do, Ray where it runs, and the board what happens."""
