#!/bin/sh
# Make .venv if need be and install a requirements file into it: environment.sh requirements.txt
# PYTHON names the Python to use; without it the first one that TensorFlow has a build for is.
# uv is used when present: it is faster, and fetches a Python where there is none.
set -eu

requirements=$1
venv=.venv
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
    case "$requirements" in
    requirements.txt)
        echo "Installing $requirements (the first time takes minutes: TensorFlow alone is 0.5 GB)"
        ;;
    *) echo "Installing $requirements" ;;
    esac
    install="$venv/bin/python -m pip install --quiet --disable-pip-version-check"
fi

$install -r "$requirements"

# The project itself, for the command `heatproof`. Its requirements are there, pinned.
if [ "$requirements" = requirements.txt ]; then
    $install --no-deps --no-build-isolation -e .
fi

# Once, so that no later start pays for it. Some packages carry files for other Pythons: not ours.
"$venv/bin/python" -m compileall -qq -j 0 "$venv/lib" >/dev/null 2>&1 || true
