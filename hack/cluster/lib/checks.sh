# Sourced by "test": a check prints one line, and what went wrong below it; the counts come last.
# shellcheck shell=bash

passed=0
failed=0

# check SENTENCE COMMAND...
check() {
  local sentence=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf '✓ %s\n' "$sentence"
  else
    failed=$((failed + 1))
    printf '✗ %s\n' "$sentence"
    tail -n 12 <<<"$output" | sed 's/^/    /'
  fi
}

# prints PATTERN COMMAND...: succeeds, and a line of what it prints matches.
prints() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || { printf '%s\n' "$output"; return 1; }
  printf '%s\n' "$output"
  grep -qE -- "$pattern" <<<"$output"
}

# answer_of COMMAND...: its output whatever its exit code.
answer_of() { "$@" 2>/dev/null || true; }

# refuses COMMAND...: the command must fail.
refuses() { ! "$@"; }

exits_with() {
  local wanted=$1 status=0
  shift
  "$@" || status=$?
  [[ "$status" == "$wanted" ]]
}

finish_checks() {
  printf '%s passed, %s failed\n' "$passed" "$failed"
  ((failed == 0))
}
