"""Options of methods with counts so small that tests are quick."""

from heatproof.config.schema import Block

FEW = {
    "samples": 10,
    "steps": 2,
    "max_steps": 8,
    "masks": 8,
    "grid_size": 3,
    "segments": 8,
    "stability_images": 1,
    "seeds": 2,
    "pairs": 4,
    "background": 3,
    "evaluations": 24,
    "batch_size": 8,
}


def smaller(options: Block) -> Block:
    """Return a method's options with few samples, steps, masks, whatever it has of these."""
    few = {name: FEW[name] for name in type(options).model_fields if name in FEW}
    return type(options).model_validate(options.model_dump() | few)
