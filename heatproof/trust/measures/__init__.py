"""One file per family of measures: its records, and the function that takes them.

A family is a module here that defines FAMILY (see `trust.measure`); nothing else lists it. It knows
nothing of how maps are made: where it has to explain a changed network or image, the assessment
does that. Importing one imports neither Keras nor SciPy, since whoever reads params.yaml does.
"""
