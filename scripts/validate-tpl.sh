#!/usr/bin/env bash
# Has CloudFormation validate every template: its form, parameters and references, before anything is made.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/mlsystem.sh"
usage 0 "validate-tpl.sh" "$@"

run studio validate
