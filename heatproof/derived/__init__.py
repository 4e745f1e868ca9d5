"""Networks derived from others: smaller ones, ensembles.

A derived cell is of a model with `architecture: derived`: its network is made from that of another
cell on the same dataset, by one of `ways`, each a module with `Options` (its block of params.yaml)
and `derive` (`Task` -> `Derived`, see `task`). `deriving` writes what it gives as a training's
result is written, and every other stage takes it like that.
"""
