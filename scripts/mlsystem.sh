# Sourced by the scripts beside it: where the repository is, and `run`, which is mlsystem on the account or engine of the
# environment. `eval "$(mlsystem env)"` makes that the local engine; else it is AWS, with your profile and credentials.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

run() {
    local program=$root/.venv/bin/mlsystem
    [[ -x $program ]] || program=mlsystem
    "$program" --target aws --project "$root/project" "$@"
}

# usage NUMBER TEXT ARGUMENTS...: ends with the text unless there are as many arguments as it takes.
usage() {
    local wanted=$1 text=$2
    shift 2
    if (($# != wanted)); then
        echo "usage: bash scripts/$text" >&2
        exit 2
    fi
}

use_region() {
    export AWS_REGION=$1 AWS_DEFAULT_REGION=$1
}
