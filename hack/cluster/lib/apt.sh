# Sourced: apt with a source list, package lists and download folder of our own, so that the
# machine's apt configuration is only read. The list is the machine's own, with deb-src added.
# shellcheck shell=bash

APT_ROOT="$CACHE_ROOT/apt"
APT_LISTS_MAX_AGE_HOURS=24

# Prints the machine's Debian sources in one-line style, each as deb and as deb-src.
# Reads both styles apt knows: one-line (*.list) and deb822 (*.sources).
debian_sources() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -f "$file" ]] && sed -nE 's/^[[:space:]]*deb(-src)?[[:space:]]+//p' "$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -f "$file" ]] && awk '
      function flush(   u, s, nu, ns, us, ss, option) {
        if (uris != "" && suites != "" && enabled != "no") {
          option = (signed != "") ? "[signed-by=" signed "] " : ""
          if (trusted == "yes") option = "[trusted=yes] "
          nu = split(uris, us, " "); ns = split(suites, ss, " ")
          for (u = 1; u <= nu; u++) for (s = 1; s <= ns; s++) print option us[u] " " ss[s] " " components
        }
        uris = suites = components = signed = trusted = enabled = ""
      }
      /^[[:space:]]*$/ { flush(); next }
      /^#/ { next }
      { key = tolower($1); value = $0; sub(/^[^:]*:[[:space:]]*/, "", value) }
      key == "uris:" { uris = value }
      key == "suites:" { suites = value }
      key == "components:" { components = value }
      key == "signed-by:" && value ~ /^\// { signed = value }
      key == "trusted:" { trusted = tolower(value) }
      key == "enabled:" { enabled = tolower(value) }
      END { flush() }
    ' "$file"
  done
  return 0
}

# Writes the private source list; fails if the machine names no Debian archive.
write_private_sources() {
  local list="$APT_ROOT/sources.list"
  mkdir -p "$APT_ROOT/lists/partial" "$APT_ROOT/archives/partial"
  debian_sources |
    grep -E "[[:space:]]${DEBIAN_RELEASE}(-updates|-security)?[[:space:]]" |
    grep -v 'cdrom:' | sort -u |
    awk '{ print "deb " $0; print "deb-src " $0 }' >"$list.new" || true
  [[ -s "$list.new" ]] || fail "no Debian $DEBIAN_RELEASE archive in /etc/apt" \
    "add a line such as 'deb <your mirror> $DEBIAN_RELEASE main' to /etc/apt/sources.list"
  if cmp -s "$list.new" "$list"; then rm "$list.new"; else
    rm -f "$APT_ROOT/updated"
    mv "$list.new" "$list"
  fi
}

private_apt() {
  apt-get -o Dir::Etc::sourcelist="$APT_ROOT/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$APT_ROOT/lists" -o Dir::Cache::archives="$APT_ROOT/archives" \
    -o Dir::Cache::pkgcache="" -o Dir::Cache::srcpkgcache="" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}

# Fetches the package lists unless they are fresh.
refresh_private_lists() {
  write_private_sources
  if [[ -n "$(find "$APT_ROOT/updated" -mmin "-$((APT_LISTS_MAX_AGE_HOURS * 60))" 2>/dev/null)" ]]; then return; fi
  say "fetching the package lists (into $APT_ROOT, the machine's own stay as they are)"
  private_apt update -qq -o APT::Update::Error-Mode=any ||
    fail "the Debian archive cannot be reached" "check the network, and the mirror in /etc/apt with: apt-get update"
  touch "$APT_ROOT/updated"
}
