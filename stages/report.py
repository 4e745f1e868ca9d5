"""report: every result as a static site in reports/, to be opened from the file system."""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.report",
        purpose="Write all results there are as a site, reports/.",
        prog="heatproof report",
    )

from heatproof.config import params
from heatproof.report import site, study


def main() -> None:
    """Build the site from params.yaml, metrics/ and data/, as far as results exist."""
    parameters = params.load()
    results = study.collect(parameters)
    site.build(results, site.REPORTS)
    incomplete = [cell.name for cell in results.cells if cell.missing]
    print(f"report: {site.REPORTS / 'index.html'}, {len(results.cells)} cells", flush=True)
    if incomplete:
        print(f"report: results are missing for {', '.join(incomplete)}; their pages list them")
