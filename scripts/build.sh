#!/usr/bin/env bash
# Publishes the project as an organization template of SageMaker Studio: see docs/studio.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/mlsystem.sh"
usage 4 "build.sh BUCKET STACK REGION STUDIO_ROLE" "$@"
use_region "$3"

options=()
# An engine's APIs are behind its own door.
case ${AWS_ENDPOINT_URL:-} in
http://127.0.0.1:* | http://localhost:* | https://127.0.0.1:*) options=(--api-base-url "$AWS_ENDPOINT_URL/_api") ;;
esac

run studio publish "$1" "$2" "$4" "${options[@]}"
