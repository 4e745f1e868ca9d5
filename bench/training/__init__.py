"""The parts of `bench.train`: the sides, which are processes of their own, and their turns.

Both also run in the peers' environment, which has no TensorFlow.
"""
