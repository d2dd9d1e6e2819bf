# Shared by the scripts in eng/: where things are, how progress and failure look. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ARTIFACTS=$ROOT/artifacts
LOGS=$ARTIFACTS/log
CONFIGURATION=${CONFIGURATION:-Release}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
mkdir -p "$LOGS"
STARTED=$SECONDS

say()  { printf '%s\n' "$*"; }
fail() { printf '✗ %s\n' "$*" >&2; exit 1; }
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# step NAME COMMAND...: runs with its output in artifacts/log/NAME.log and a sign of life every 15 s.
step() {
    local name=$1 log=$LOGS/${1// /-}.log begin=$SECONDS beat; shift
    printf '▸ %s\n' "$name"
    ( while sleep 15 && kill -0 $$ 2>/dev/null; do printf '  … %s %s  %s\n' "$name" "$(clock $((SECONDS - begin)))" "$(tail -n 1 "$log" 2>/dev/null | cut -c1-100)"; done ) &
    beat=$!
    if "$@" >"$log" 2>&1; then
        kill "$beat" 2>/dev/null; wait "$beat" 2>/dev/null || true
        printf '✓ %s  %s\n' "$name" "$(clock $((SECONDS - begin)))"
    else
        local code=$?
        kill "$beat" 2>/dev/null; wait "$beat" 2>/dev/null || true
        printf '✗ %s failed after %s (exit %d). The end of its log:\n' "$name" "$(clock $((SECONDS - begin)))" "$code" >&2
        tail -n "${STEP_TAIL:-40}" "$log" | sed 's/^/    /' >&2
        printf '  whole log: %s\n  next: mend what it names and run the same verb again; finished steps are not repeated.\n' "${log#"$ROOT"/}" >&2
        exit "$code"
    fi
}

took() { printf '%s: %s in all\n' "$1" "$(clock $((SECONDS - STARTED)))"; }

# AES-GCM with wide vectors, which Debian builds for amd64 only; without it ztunnel uses OpenSSL.
# shellcheck disable=SC2034
wide_aes=$([ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ] || echo libipsec-mb1)

# packages NAME...: Debian packages that are not there yet are installed.
packages() {
    local missing=() name
    for name in "$@"; do dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    [ "$(id -u)" = 0 ] || fail "these Debian packages are missing: ${missing[*]}; install them, or run this verb as root"
    command -v apt-get >/dev/null || fail "this verb installs Debian packages (${missing[*]}) and found no apt-get: install them by your system's means"
    step "packages" bash -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"' packages "${missing[@]}"
}

need_dotnet() { command -v dotnet >/dev/null || fail "no dotnet on PATH: install the .NET SDK named in global.json"; }
