# Sourced: processes that were written down as "ID START-TIME", so that a reused id is not taken for one.
# shellcheck shell=bash

# is_process FILE: the process whose id FILE holds is alive and is the one that was written down.
is_process() {
  local pid started
  [[ -s "$1" ]] && read -r pid started <"$1" && [[ -n "$started" ]] && [[ "$(process_started "$pid")" == "$started" ]]
}

# When a process started, in ticks since boot: with its id, its name for life. Nothing for a dead one, buried or not.
process_started() { sed -E 's/^.*\) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }

process_id() { cut -d' ' -f1 "$1"; }
