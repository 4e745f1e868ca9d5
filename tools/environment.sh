#!/bin/sh
# Make .venv if need be and install a requirements file into it: environment.sh requirements.txt
# PYTHON names the Python to use; without it the first one that TensorFlow has a build for is.
# uv is used when present: it is faster, and fetches a Python where there is none.
set -eu

requirements=$1
venv=.venv

# Where to install is said here, whatever the user's own settings of pip say.
unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON
export PIP_USER=0 PIP_DRY_RUN=0 PIP_NO_DEPS=0
# Else what pip tells comes late.
export PYTHONUNBUFFERED=1
supported='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'

fits() {
    "$1" -c "$supported" >/dev/null 2>&1
}

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

version_of() {
    "$1" --version 2>/dev/null || echo "not a Python that runs"
}

refuse() {
    echo "error: $1" >&2
    exit 2
}

# Run pip, and of what it tells show the large downloads, the unpacking, and what is unusual.
few_lines_of() {
    exec 4>&1
    status=$({ { "$@" && code=0 || code=$?; echo "$code" >&3; } | few_lines >&4; } 3>&1)
    exec 4>&-
    return "$status"
}

few_lines() {
    while IFS= read -r line; do
        case "$line" in
        *Downloading*[0-9][0-9].[0-9]" MB)") echo "  downloading ${line##*Downloading }" ;;
        "Installing collected packages: "*) echo "  unpacking the packages" ;;
        Collecting* | *Downloading* | "Requirement already"* | *"Using cached"*) ;;
        Obtaining* | Successfully* | Building* | Created* | *Stored* | " "*) ;;
        *) echo "$line" ;;
        esac
    done
}

if [ -n "${PYTHON:-}" ] && ! fits "$PYTHON"; then
    refuse "PYTHON=$PYTHON is $(version_of "$PYTHON"), and the project needs \
Python 3.11, 3.12 or 3.13"
fi

if [ -e "$venv/bin/python" ] && ! fits "$venv/bin/python"; then
    refuse "$venv holds $(version_of "$venv/bin/python"), and the project needs \
Python 3.11, 3.12 or 3.13: delete the folder $venv and run make setup again"
fi

if command -v uv >/dev/null 2>&1; then
    if [ ! -e "$venv/bin/python" ]; then
        echo "Making $venv with uv"
        uv venv --quiet --python "${PYTHON:->=3.11,<3.14}" "$venv"
    fi
    echo "Installing $requirements with uv"
    install="uv pip install --quiet --python $venv/bin/python"
else
    if [ ! -e "$venv/bin/python" ]; then
        python=${PYTHON:-$(find_python)} || refuse "no Python 3.11, 3.12 or 3.13 was found \
(python3 is $(version_of python3)): install one from https://www.python.org/downloads or your \
system's packages, or name one with make setup PYTHON=/path/to/python3.11"
        echo "Making $venv with $("$python" --version)"
        if ! "$python" -m venv "$venv"; then
            rm -rf "$venv"
            refuse "$python could not make a virtual environment: on Debian and Ubuntu install \
the package python3-venv, or install uv"
        fi
    fi
    echo "Installing $requirements with pip"
    install="few_lines_of $venv/bin/python -m pip install --disable-pip-version-check \
--progress-bar off"
fi
if [ "$requirements" = requirements.txt ]; then
    echo "  the first time this takes minutes, by the connection: TensorFlow alone is 0.5 GB"
    echo "  to download, all of it 3.3 GB on disk"
fi

$install --require-hashes -r "$requirements"

# The project itself, for the command `heatproof`. Its requirements are there, pinned.
if [ "$requirements" = requirements.txt ]; then
    $install --no-deps --no-build-isolation -e .
fi

# A setting in a file of pip's or uv's may still have sent it elsewhere.
if ! "$venv/bin/python" - "$requirements" <<'END'; then
import importlib.metadata, pathlib, re, sys

installed = {
    (re.sub("[-_.]+", "-", each.name).lower(), each.version)
    for each in importlib.metadata.distributions()
}
pins = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+) \\$", pathlib.Path(sys.argv[1]).read_text(), re.MULTILINE)
missing = [name for name, version in pins if (name, version) not in installed]
import heatproof, numpy
sys.exit(f"not installed: {', '.join(missing)}" if missing or not pins else 0)
END
    refuse "$venv does not hold what $requirements pins: see \`$venv/bin/python -m pip config list\` \
for settings that install elsewhere"
fi

# Once, so that no later start pays for it. Some packages carry files for other Pythons: not ours.
"$venv/bin/python" -m compileall -qq -j 0 "$venv/lib" >/dev/null 2>&1 || true
