#!/usr/bin/env bash
# Pushes images to Amazon ECR, and leaves alone those that are there.
#
#   push_image.sh IMAGE_URI...             log in and push
#   push_image.sh --is-pushed IMAGE_URI    exit code 0 if the registry has the image, 1 if not
#   push_image.sh --log-in IMAGE_URI       log in to the image's registry only
#
# Needs docker, the AWS CLI and credentials. The repositories must exist.
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

case ${1:-} in
"" | -h | --help)
    sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
--is-pushed)
    is_pushed "$2"
    ;;
--log-in)
    log_in "$2"
    ;;
*)
    registry=""
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
    ;;
esac
