"""A network as the script that hands it to the live page's engine."""

import json
from typing import Any


def script(content: dict[str, Any]) -> str:
    """Return a record as the script that hands it to the engine, a data file of the live page."""
    return f"playground.receive({json.dumps(content, separators=(',', ':'))});\n"
