#!/usr/bin/env bash
# Builds the three Dockerfiles with buildah, without Docker, and starts the program of each image once.
#
# Where the real base cannot be pulled, one is made by debootstrap under its name, from the Debian that it is made of: that proves what the
# Dockerfiles say, not the base. Needs root, buildah and debootstrap; without them it says so, and fails only where CI=true.
set -euo pipefail

base=python:3.13-slim
release=trixie
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

not_run() {
    echo "images: not run: $1"
    [[ ${CI:-} != true ]]
    exit
}

for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || not_run "$tool is not installed (apt-get install buildah debootstrap)"
done
[[ $(id -u) == 0 ]] || not_run "debootstrap and chroot need root"

work=$(mktemp -d)
cleanup() {
    buildah rm --all >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
printf 'unqualified-search-registries = ["docker.io"]\n' >"$work/registries.conf"
export CONTAINERS_REGISTRIES_CONF=$work/registries.conf BUILDAH_ISOLATION=chroot
buildah() {
    command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

# What pip is told on this machine holds inside too: where packages come from, and whom to trust.
volumes=()
{
    echo "[global]"
    for name in index-url extra-index-url cert; do
        variable=PIP_$(tr 'a-z-' 'A-Z_' <<<"$name")
        value=${!variable:-$(python3 -m pip config get "global.$name" 2>/dev/null | tr '\n' ' ' || true)}
        [[ -z $value ]] || echo "$name = $value"
        [[ $name != cert || -z $value ]] || volumes+=(--volume "${value% }:${value% }:ro")
    done
} >"$work/pip.conf"
volumes+=(--volume "$work/pip.conf:/etc/pip.conf:ro")

if ! timeout 120 buildah pull --quiet --signature-policy "$work/policy.json" "docker.io/library/$base" >/dev/null 2>&1; then
    echo "images: $base cannot be pulled; a base is made by debootstrap ($release)"
    debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates "$release" "$work/base" >"$work/debootstrap.log" ||
        { tail -5 "$work/debootstrap.log"; exit 1; }
    ln -s python3 "$work/base/usr/bin/python"
    rm -f "$work"/base/usr/lib/python3*/EXTERNALLY-MANAGED
    made=$(buildah from --signature-policy "$work/policy.json" scratch)
    buildah add --quiet "$made" "$work/base" / >/dev/null
    buildah commit --quiet --signature-policy "$work/policy.json" "$made" "docker.io/library/$base" >/dev/null
    buildah rm "$made" >/dev/null
    rm -rf "$work/base"
fi

# build NAME DOCKERFILE CONTEXT [OPTION...]
build() {
    local name=$1 file=$2 context=$3
    shift 3
    echo "images: $name"
    buildah bud --quiet --pull=false --signature-policy "$work/policy.json" "${volumes[@]}" "$@" --tag "localhost/$name" --file "$file" "$context" >/dev/null
}

# check NAME PROGRAM...: it runs in a container of the image; `as` is who runs it there
as=root
check() {
    local name=$1 container
    shift
    container=$(buildah from --pull-never --signature-policy "$work/policy.json" "localhost/$name")
    buildah run --user "$as" "$container" -- "$@"
    buildah rm "$container" >/dev/null
}

build model "$root/project/container/Dockerfile" "$root/project/container"
check model python -c "import lightgbm, gunicorn, prepare_data, training, evaluate"
check model sh -c "command -v nginx train serve >/dev/null"
check model python - <"$root/tests/aws/serve_check.py"
build lambda "$root/project/container/Dockerfile.lambda.ecr" "$root/project/container" --build-arg BASE_IMAGE=localhost/model
# Lambda runs it as somebody who is not root.
as=nobody check lambda python -c "import awslambdaric.bootstrap, boto3, prediction_api"
build monitor "$root/src/mlsystem/monitor/Dockerfile" "$root/src"
check monitor python3 -c "import mlsystem.monitor.command"
echo "images: all three are built, and their programs start"

# A stranger's program, in a whole root that buildah made: the engine runs it as what its own builder makes of the same Dockerfile.
foreign=ubuntu:22.04
timeout 120 buildah pull --quiet --signature-policy "$work/policy.json" "docker.io/library/$foreign" >/dev/null 2>&1 ||
    buildah tag "docker.io/library/$base" "docker.io/library/$foreign"
build own "$root/tests/byo_container/Dockerfile" "$root/tests/byo_container"
buildah push --quiet --signature-policy "$work/policy.json" localhost/own "docker-archive:$work/own.tar:own:1"
cd "$root"
OWN_CONTAINER_ARCHIVE=$work/own.tar .venv/bin/python -m pytest -q tests/engine/test_own_container.py
echo "images: the stranger's program trains, evaluates and serves on the engine"
