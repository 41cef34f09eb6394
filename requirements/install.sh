#!/usr/bin/env bash
# Brings .venv to one locked set: `local` (what runs the stack) or `dev` (that and the checks).
#
# Needs only a Python that dialtone supports; uv comes from the package index, by hash.
# A run that has succeeded leaves a stamp (the Makefile's), so the next one does nothing
# and needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'dialtone: %s\n' "$*" >&2; }
supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11, 3.12 or 3.13 is needed, and ${PYTHON:-python3} is" \
        "$("${PYTHON:-python3}" -V 2>/dev/null || echo missing)."
    say "Install one (Debian: apt install python3 python3-venv), or say where it is:"
    say "    make local PYTHON=/path/to/python3.12"
    exit 1
}

make_venv() {
    local python
    python=$(find_python) || exit 1
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        say "$("$python" -V) has no venv module. On Debian and Ubuntu it is a package of its own:"
        say "    apt install python3-venv"
        exit 1
    fi
    say "making .venv with $("$python" -V)"
    # PYTHONPATH and the like of the caller's shell must not leak into what gets installed.
    env -u PYTHONPATH -u PYTHONHOME "$python" -m venv --clear .venv
}

choose_uv() {
    local wanted
    wanted=$(sed -n 's/^uv==\([0-9.]*\).*/uv \1/p' requirements/build.txt)
    if [[ "$(uv --version 2>/dev/null | cut -d' ' -f1,2)" == "$wanted" ]]; then
        command -v uv
        return
    fi
    if [[ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f1,2)" != "$wanted" ]]; then
        say "installing $wanted"
        .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
        .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
            --only-binary :all: -r requirements/build.txt >&2 || return 1
    fi
    echo .venv/bin/uv
}

main() {
    local target=${1:-local} uv
    local files=(requirements/build.txt requirements/infra.txt requirements/services.txt
        requirements/local.txt)
    # Going back from dev to local would take the checks away from whoever runs both.
    if [[ $target == dev || -e .venv/.dev ]]; then
        target=dev files=(requirements/dev.txt)
    fi
    supported .venv/bin/python || make_venv
    uv=$(choose_uv) || exit 1
    say "installing the $target set (15 s with a warm cache, else a minute or two)"
    # One line for each phase, not one for each of a hundred packages.
    "$uv" pip sync --python .venv/bin/python --require-hashes "${files[@]}" \
        2> >(grep -v '^ [-+~] ' >&2)
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
    touch .venv/.local
    if [[ $target == dev ]]; then touch .venv/.dev; fi
}

main "$@"
