# Sourced by every script here: where things live, and how progress and errors are told.
# shellcheck shell=bash

KUBERNETES_VERSION=1.20.2
CACHE_ROOT="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mesh"
KUBERNETES_PROGRAMS=(kube-apiserver kubectl kube-controller-manager kube-scheduler kubelet kube-proxy)
DEBIAN_RELEASE=bookworm

CLUSTER_HACK="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PROGRAM="${0##*/}"
# Other patches make other programs, which live beside the old ones.
KUBERNETES_CACHE="$CACHE_ROOT/kubernetes-$KUBERNETES_VERSION-$(cat "$CLUSTER_HACK"/patches/*.patch | sha256sum | cut -c1-8)"
KUBERNETES_BIN="$KUBERNETES_CACHE/bin"

# One line per step, with the seconds since the script began.
say() { printf '[%4ss] %s\n' "$SECONDS" "$*" >&2; }

# fail MESSAGE [WHAT TO DO]
fail() {
  printf '%s: %s\n' "$PROGRAM" "$1" >&2
  if [[ -n "${2:-}" ]]; then printf '  -> %s\n' "$2" >&2; fi
  exit 1
}

require_root() {
  [[ "$(id -u)" == 0 ]] || fail "this must run as root" "run it with sudo: namespaces, mounts and containers need root"
}

# await SECONDS WHAT COMMAND...: runs COMMAND until it succeeds; says WHAT was awaited if it never does.
await() {
  local limit=$1 what=$2 end
  shift 2
  end=$((SECONDS + limit))
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      printf '%s: gave up after %s s waiting for %s\n' "$PROGRAM" "$limit" "$what" >&2
      return 1
    fi
    sleep 0.2
  done
}
