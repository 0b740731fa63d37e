#!/usr/bin/env bash
# Lints what `make install` brings linters for: templates, programs, scripts. Nothing is asked of AWS.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/mlsystem.sh"
usage 0 "lint.sh" "$@"
cd "$root"
PATH=$root/.venv/bin:$PATH

cfn-lint --regions "${AWS_REGION:-us-east-1}" --template studio.yml project/pipeline.yml project/assets/*.yml project/custom_resource/*.yml
ruff check --quiet .
ruff format --check --quiet .
shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh project/container/*.sh
