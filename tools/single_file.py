"""The report as one HTML file, to send by mail: `make report-single`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.single_file")

import argparse
from pathlib import Path

from heatproof.report import single_file
from heatproof.run.errors import UserError
from heatproof.storage.atomic import write_text

MAIL = 10_000_000  # bytes: what many mail servers take at most


def main() -> None:
    """Write the file and say how large it is."""
    parser = argparse.ArgumentParser(
        prog="heatproof report-single",
        description="Write the report as one HTML file, to send by mail.",
    )
    parser.add_argument("--site", type=Path, default=Path("reports"), help="the site's folder")
    parser.add_argument("--to", type=Path, default=Path("report.html"), help="the file to write")
    arguments = parser.parse_args()
    if arguments.to.is_dir():
        raise UserError(f"--to {arguments.to}: this is a folder; name a file, such as report.html")
    write_text(arguments.to, single_file.merge(arguments.site))
    size = arguments.to.stat().st_size
    print(f"{arguments.to}: {size / 1e6:.1f} MB, everything in one file")
    if size > MAIL:
        print(
            f"This is more than {MAIL / 1e6:.0f} MB, which many mail servers refuse: send a "
            "smaller study's, or the folder packed with zip."
        )
