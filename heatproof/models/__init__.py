"""The networks: one file per architecture, each a function from an image tensor to logits.

An architecture file has `Network` (its block of params.yaml), `INPUT_SIZE` (the smallest height and
width it takes; smaller images are zero-padded to it by `build`, None where any size will do) and
`logits(network, x, classes)`. Reading `Network` imports no Keras.
"""
