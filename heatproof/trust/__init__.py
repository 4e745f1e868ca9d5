"""Whether an explanation can be believed: one file a measure.

A measure is a function from arrays to named numbers, one for each image, so that intervals can be
made of them (`bootstrap`). It knows nothing of how the maps were made: where it has to explain a
changed network, it is given the function that does so.
"""
