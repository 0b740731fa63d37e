#!/usr/bin/env bash
# Builds an image with docker, where it answers, else with mlsystem.
#
#   build_image.sh IMAGE DOCKERFILE [--build-arg NAME=VALUE]...    one image of that name, out of the Dockerfile's folder
#   build_image.sh --both REPOSITORY LAMBDA_REPOSITORY             both images of this folder, tagged with a hash of its
#                                                                  content, unless the registry has them already; with
#                                                                  MLflow's client where MLFLOW_TRACKING_URI is set
#   build_image.sh --both --name REPOSITORY LAMBDA_REPOSITORY      say only what both are called
#
# Prints the names of the images, one a line, on standard output; give them to push_image.sh. All else goes to standard
# error. A Dockerfile with ARG PYTHON_IMAGE gets what base_image.txt beside it says, if that is there: see pin_base.py.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# choose_builder: who builds, or the end
choose_builder() {
    if docker version >/dev/null 2>&1; then
        builder=docker
    elif command -v mlsystem >/dev/null; then
        builder=mlsystem
    else
        echo "build_image.sh: docker does not answer, and there is no mlsystem: start the one or install the other" >&2
        exit 1
    fi
}

# build IMAGE DOCKERFILE [--build-arg NAME=VALUE]...
build() {
    local image=$1 dockerfile=$2 folder
    shift 2
    folder=$(cd "$(dirname "$dockerfile")" && pwd)
    dockerfile=$folder/${dockerfile##*/}
    if [[ -f $folder/base_image.txt && " $*" != *" PYTHON_IMAGE="* ]] && grep -q '^ARG PYTHON_IMAGE' "$dockerfile"; then
        set -- "$@" --build-arg "PYTHON_IMAGE=$(<"$folder/base_image.txt")"
    fi
    if [[ -n ${MLFLOW_TRACKING_URI:-} && " $*" != *" REQUIREMENTS="* ]] && grep -q '^ARG REQUIREMENTS' "$dockerfile"; then
        set -- "$@" --build-arg REQUIREMENTS=requirements-mlflow.txt
    fi
    if [[ $builder == docker ]]; then
        # Lambda refuses the attestations that newer builders add.
        BUILDX_NO_DEFAULT_ATTESTATIONS=1 \
            docker build --platform linux/amd64 --tag "$image" "$@" --file "$dockerfile" "$folder" >&2
    else
        mlsystem image build "$image" "$folder" --file "$dockerfile" "$@" >&2
    fi
}

build_one() {
    local image=${1:-} dockerfile=${2:-} given
    [[ $# -ge 2 && $image != -* ]] || usage
    given=("${@:3}")
    while ((${#given[@]})); do
        [[ ${given[0]} == --build-arg && ${given[1]:-} =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || usage
        given=("${given[@]:2}")
    done
    if [[ ! -f $dockerfile ]]; then
        echo "build_image.sh: $dockerfile: there is no such file" >&2
        exit 1
    fi
    choose_builder
    build "$@"
    echo "$image"
}

is_pushed() {
    local code=0
    "$here/push_image.sh" --is-pushed "$1" || code=$?
    ((code <= 1)) || exit "$code" # the registry could not be asked
    return "$code"
}

build_both() {
    local names_only=false tag image lambda_image
    if [[ ${1:-} == --name ]]; then
        names_only=true
        shift
    fi
    [[ $# -eq 2 && $1 != -* && $2 != -* ]] || usage
    tag=$(cd "$here" && find . -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16)
    if [[ -n ${MLFLOW_TRACKING_URI:-} ]]; then
        tag=$tag-mlflow
    fi
    image="$1:$tag"
    lambda_image="$2:$tag"
    if ! $names_only; then
        build_what_is_missing "$image" "$lambda_image"
    fi
    printf '%s\n' "$image" "$lambda_image"
}

build_what_is_missing() {
    local image=$1 lambda_image=$2 has_image=true
    is_pushed "$image" || has_image=false
    if $has_image && is_pushed "$lambda_image"; then
        return
    fi
    choose_builder
    if $has_image && [[ $builder == docker ]]; then
        "$here/push_image.sh" --log-in "$image"
        docker pull "$image" >&2
    else
        build "$image" "$here/Dockerfile" # where the registry has it, of the same content
    fi
    if ! is_pushed "$lambda_image"; then
        build "$lambda_image" "$here/Dockerfile.lambda.ecr" --build-arg "BASE_IMAGE=$image"
    fi
}

case ${1:-} in
--both) build_both "${@:2}" ;;
*) build_one "$@" ;;
esac
