"""The parts of `bench.explain`: the network handed over, the sides, their turns, the table.

`torch_libraries` and what it imports run in the peers' environment, which has no TensorFlow: they
import neither that nor what needs it.
"""
