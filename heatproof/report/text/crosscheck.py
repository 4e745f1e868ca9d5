"""What the verdicts of the crosscheck are called, their marks, and what they mean."""

from heatproof.crosscheck.comparison import (
    AGREES,
    DIFFERS,
    NOT_COMPARED,
    ON_PURPOSE,
    UNSERVED,
)

# Each verdict's shape, since it is never distinguished by colour alone; its name, after a number
# of methods too; its meaning.
VERDICTS = {
    AGREES: (
        "check",
        "agrees",
        "both compute the same numbers, but for rounding; where something is drawn at random, but "
        "for chance.",
    ),
    ON_PURPOSE: (
        "ring",
        "differs, because …",
        "the definitions differ, for the reason under the method’s name. Under equal definitions "
        "both agree; where images are sought, ours reaches more.",
    ),
    DIFFERS: (
        "cross",
        "differs",
        "both should compute the same and do not: one of them is wrong about this network. Trust "
        "neither before it is known which.",
    ),
    UNSERVED: (
        "dots",
        "library cannot serve this network",
        "the library raised an error, ran out of time or memory, or ended its process.",
    ),
    NOT_COMPARED: ("dash", "not compared", "our own method does not support this network."),
}
UNKNOWN = ("dash", "unknown", "")
