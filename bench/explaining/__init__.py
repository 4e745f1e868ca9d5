"""The parts of `bench.explain`: the network handed over, the sides, their turns, the table.

`exchange`, `turns`, `torch_network` and `torch_libraries` also run in the peers' environment, which
has neither TensorFlow nor what `stages` needs: they import neither.
"""
