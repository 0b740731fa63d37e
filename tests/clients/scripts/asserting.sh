# shellcheck shell=bash
# What the scripts of the AWS CLI say of what they see. Each is run with errors ending it.

# is WANTED COMMAND...: the command prints exactly that.
is() {
    local wanted="$1" got
    shift
    got="$("$@")" || { echo "failed: $*" >&2; exit 1; }
    [[ "$got" == "$wanted" ]] || { echo "$*: wanted '$wanted', got '$got'" >&2; exit 1; }
}

# has PATTERN COMMAND...: what the command prints has a match of the pattern.
has() {
    local pattern="$1" got
    shift
    got="$("$@")" || { echo "failed: $*" >&2; exit 1; }
    grep -Eq -- "$pattern" <<<"$got" || { echo "$*: no '$pattern' in: $got" >&2; exit 1; }
}

# refused PATTERN COMMAND...: the command fails, and says so in these words.
refused() {
    local pattern="$1" got
    shift
    if got="$("$@" 2>&1)"; then
        echo "not refused: $*: $got" >&2
        exit 1
    fi
    grep -Eq -- "$pattern" <<<"$got" || { echo "$*: no '$pattern' in: $got" >&2; exit 1; }
}

# jsonless COMMAND...: its output without white space.
jsonless() { "$@" | tr -d ' \n'; }

# settles WANTED COMMAND...: as `is`, asked again and again; the waiters of the CLI look every 30 to 120 seconds.
settles() {
    local wanted="$1" got=""
    shift
    for _ in {1..60}; do
        got="$("$@")" || return 1
        [[ "$got" == "$wanted" ]] && return
        sleep 0.2
    done
    echo "$*: wanted '$wanted', got '$got' in the end" >&2
    return 1
}
