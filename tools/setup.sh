#!/bin/sh
# Sets up the environment in .venv; called by `make`, as root or not, on a fresh Debian 12.
# Exits with status 2 and the required command if it cannot install a missing package.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

# Shared libraries of gmsh and the CAD kernel, and the Debian packages that provide them.
LIBRARIES="libGL.so.1 libGLU.so.1 libXrender.so.1 libXcursor.so.1 libXft.so.2 libXinerama.so.1 libgomp.so.1"
PACKAGES="libgl1 libglu1-mesa libxrender1 libxcursor1 libxft2 libxinerama1 libgomp1"

stop() {
    printf 'setup: %s\n' "$1" >&2
    exit 2
}

libraries_load() {
    # shellcheck disable=SC2086 # word splitting is intended
    "$PYTHON" -c 'import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]' $LIBRARIES 2>/dev/null
}

install_libraries() {
    if ! command -v apt-get >/dev/null; then
        stop "system libraries are missing ($LIBRARIES); install the packages that provide them, on Debian: apt-get install $PACKAGES"
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        stop "system libraries are missing; run this, then try again:
    sudo apt-get install -y $PACKAGES"
    fi
    # shellcheck disable=SC2086
    $as_root apt-get update -q
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $PACKAGES
}

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "Python 3.11 or newer is required; select it with: make PYTHON=/path/to/python"
libraries_load || install_libraries
libraries_load || stop "system libraries cannot be loaded after installation: $LIBRARIES"
if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    "$PYTHON" -m venv .venv || stop "the Python module venv is missing; run this, then try again:
    sudo apt-get install -y python3-venv"
fi
.venv/bin/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
touch .venv/ready
