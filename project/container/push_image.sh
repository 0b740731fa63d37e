#!/usr/bin/env bash
# Pushes images to Amazon ECR, with docker, where it answers, else with mlsystem.
#
#   push_image.sh IMAGE...             log in and push; docker leaves alone what is there
#   push_image.sh --is-pushed IMAGE    exit code 0 if the registry has the image, 1 if not
#   push_image.sh --log-in IMAGE       log in to the image's registry only
#
# Needs credentials and, but to push with mlsystem, the AWS CLI. The repositories must exist.
set -euo pipefail

# 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/model:tag -> --region eu-west-1; else the environment says it
region_of() {
    if [[ $1 =~ \.dkr\.ecr\.([a-z0-9-]+)\. ]]; then
        echo "${BASH_REMATCH[1]}"
    else
        echo "${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}"
    fi
}

is_pushed() {
    local repository=${1%:*} error
    if error=$(aws ecr describe-images --region "$(region_of "$1")" --repository-name "${repository#*/}" \
        --image-ids "imageTag=${1##*:}" 2>&1 >/dev/null); then
        return 0
    fi
    if [[ $error == *ImageNotFoundException* ]]; then
        return 1
    fi
    echo "push_image.sh: cannot ask the registry for $1: $error" >&2
    exit 3
}

log_in() {
    aws ecr get-login-password --region "$(region_of "$1")" |
        docker login --username AWS --password-stdin "${1%%/*}" >&2
}

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

push_with_docker() {
    local image registry=""
    for image in "$@"; do
        if is_pushed "$image"; then
            echo "push_image.sh: $image is there already" >&2
            continue
        fi
        if [[ $registry != "${image%%/*}" ]]; then
            log_in "$image"
            registry=${image%%/*}
        fi
        docker push "$image" >&2
    done
}

push_with_mlsystem() {
    local image
    for image in "$@"; do
        mlsystem image push "$image" >&2
    done
}

case ${1:-} in
--is-pushed | --log-in)
    [[ $# -eq 2 ]] || usage
    if [[ $1 == --is-pushed ]]; then is_pushed "$2"; else log_in "$2"; fi
    ;;
"" | -*)
    usage
    ;;
*)
    if docker version >/dev/null 2>&1; then
        push_with_docker "$@"
    elif command -v mlsystem >/dev/null; then
        push_with_mlsystem "$@"
    else
        echo "push_image.sh: docker does not answer, and there is no mlsystem: start the one or install the other" >&2
        exit 1
    fi
    ;;
esac
