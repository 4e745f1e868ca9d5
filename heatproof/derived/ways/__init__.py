"""Ways to derive a network: one module each, found by its name.

`Options` is the way's block of params.yaml, with `by`, a Literal of the module's name. It may have

- `trained_as`: the model whose network is trained in the origin's place, a student's: its schedule
  then says which images are trained on; None or left out where the origin's network stays;
- `reads(cell)`: the file or folder that the way reads beside the origin's weights, which the cell's
  entry under `derived` repeats for DVC;
- `unfit(study, cell)`: which option does not fit the study, in words; None where all do.

`derive(task)` returns the `Derived`. A module is imported whenever params.yaml is read, so it
imports Keras and the like only within its functions.
"""
