#!/usr/bin/env bash
# Empties a bucket, with all versions, and deletes it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/mlsystem.sh"
usage 2 "rm_s3.sh BUCKET REGION" "$@"
use_region "$2"

run bucket remove --yes "$1"
