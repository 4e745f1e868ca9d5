"""The tests mirror stages/; end_to_end/ and browser/ run the whole."""
