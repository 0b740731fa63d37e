#!/usr/bin/env bash
# Removes a project of Studio, with all that its pipeline has deployed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/mlsystem.sh"
usage 1 "rm_prj.sh PROJECT" "$@"

run studio remove --yes "$1"
