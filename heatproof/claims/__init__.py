"""Published claims beside what was measured: claims.yaml, one verdict a claim.

`description` is claims.yaml as typed objects, `published` a number in it; `evidence` reads what the
stages measured. Each kind of claim, and each named check, is a function `(claim, evidence) ->
Comparison`. Nothing here trains, predicts or imports TensorFlow.
"""
