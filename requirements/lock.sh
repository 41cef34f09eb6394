#!/usr/bin/env bash
# Compiles the groups of pyproject.toml to one hash-pinned file each.
#
# dev.txt is the whole resolution; every other file is compiled under it as a constraint,
# so a package has one version wherever it appears. The files name no index, host or path.
# `requirements/lock.sh --upgrade` moves what pyproject.toml leaves open; without it,
# versions stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-.venv/bin/uv}
compile=("$uv" pip compile pyproject.toml --quiet --universal --python-version 3.11
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links)

"${compile[@]}" --output-file requirements/dev.txt "$@" \
    --group build --group infra --group services --group models --group local --group dev
for group in build infra services local anthropic ollama openai; do
    "${compile[@]}" --output-file "requirements/$group.txt" \
        --constraint requirements/dev.txt --group "$group"
done

if grep -nE '://|^-|file:' requirements/*.txt; then
    echo "requirements name a host, a path or an index: see the lines above" >&2
    exit 1
fi
wc -l requirements/*.txt | awk '{print "  " $2 " " $1 " lines"}' | grep -v total
