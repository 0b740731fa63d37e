#!/usr/bin/env bash
# Builds both images, tagged with a hash of this folder's content, unless the registry has them already.
#
#   build_image.sh REPOSITORY_URI LAMBDA_REPOSITORY_URI           build
#   build_image.sh --name REPOSITORY_URI LAMBDA_REPOSITORY_URI    say only what the images are called
#
# Prints the two image URIs, one a line, on standard output; give them to push_image.sh. All else goes to standard error.
set -euo pipefail

names_only=false
if [[ ${1:-} == --name ]]; then
    names_only=true
    shift
fi
if [[ $# -ne 2 ]]; then
    echo "usage: $0 [--name] REPOSITORY_URI LAMBDA_REPOSITORY_URI" >&2
    exit 2
fi

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tag=$(cd "$folder" && find . -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16)
image="$1:$tag"
lambda_image="$2:$tag"

if $names_only; then
    printf '%s\n' "$image" "$lambda_image"
    exit
fi

# Lambda refuses the attestations that newer builders add.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1

is_pushed() {
    local code=0
    "$folder/push_image.sh" --is-pushed "$1" || code=$?
    ((code <= 1)) || exit "$code" # the registry could not be asked
    return "$code"
}

if ! is_pushed "$image"; then
    docker build --platform linux/amd64 --tag "$image" --file "$folder/Dockerfile" "$folder" >&2
elif ! is_pushed "$lambda_image"; then
    "$folder/push_image.sh" --log-in "$image"
    docker pull "$image" >&2
fi

if ! is_pushed "$lambda_image"; then
    docker build --platform linux/amd64 --tag "$lambda_image" --build-arg "BASE_IMAGE=$image" \
        --file "$folder/Dockerfile.lambda.ecr" "$folder" >&2
fi

echo "$image"
echo "$lambda_image"
