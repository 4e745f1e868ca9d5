"""What shows that a file is what a stage wrote, all of it and nothing else.

Every stage's list of code has this module (`run.source_code`): files that were sealed otherwise, or
not at all, are made again.
"""

import hashlib

CHECKSUM = "checksum"  # its key in JSON, and its attribute in HDF5
BROKEN = "its checksum is not that of what it holds"


def seal(made_by: str, content: str) -> str:
    """Return the SHA-256 of a stage's name and what its file says, in hexadecimal."""
    return hashlib.sha256(f"{made_by}\n{content}".encode()).hexdigest()
