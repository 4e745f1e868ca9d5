#!/bin/sh
# Delete what can be made again at once, and results after asking: clean.sh ""|1 <python>
# What git or a person keeps stays: metrics/, dvc.lock, .dvc/cache, folders of one's own in data/.
set -eu

force=$1
python=$2

# Without an environment there is nothing that could run.
if [ -x "$python" ]; then
    "$python" -m tools.run_lock
fi

find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
rm -rf .pytest_cache .ruff_cache .verify .resume dvc_plots experiments comparison exports site report.html
echo "Deleted what make docs, make experiments, make compare, make export and make report-single wrote, bytecode, the tools' caches and what unfinished trainings left."

results=
for path in data/code data/runs data/raw data/origins data/processed data/inspections data/models \
    data/members data/playground \
    data/history data/predictions data/explanations data/trust data/metrics data/timing \
    data/claims.json \
    reports demo tuning mlflow.db mlruns mlartifacts; do
    if [ -e "$path" ]; then
        results="$results $path"
    fi
done
if [ -z "$results" ]; then
    exit 0
fi

echo "Results:$results"
echo "'dvc checkout' brings back what DVC's cache holds; the tracked runs (mlflow.db) it does not."
if [ "$force" != 1 ] && [ "$force" != yes ]; then
    if [ ! -t 0 ]; then
        echo "Left as they are: there is no one to ask. FORCE=1 deletes them."
        exit 0
    fi
    printf 'Delete these results? [y/N] '
    read -r answer || answer=
    case $answer in
    y | Y | yes) ;;
    *)
        echo "Left as they are."
        exit 0
        ;;
    esac
fi
# shellcheck disable=SC2086 # the names above have no spaces
rm -rf $results mlflow.db-* mlflow.db.*
echo "Deleted."
