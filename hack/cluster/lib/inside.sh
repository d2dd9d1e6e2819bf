# Sourced by the init scripts, inside a place: its own mounts, and a small supervisor.
# shellcheck shell=bash

RESTART_LIMIT=30 # a program that ends more often than this, each time soon, stays down
SOON_SECONDS=60

# Fresh /proc and /sys show this place only. First-version control groups are mounted again, rooted here.
mount_kernel_views() {
  local hierarchies mount options line controllers
  hierarchies=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") break
    if ($(i+1) == "cgroup" || $(i+1) == "cgroup2") print $(i+1) " " $5 " " $(i+3) }' /proc/self/mountinfo)
  mount -n -t proc proc /proc
  mount -n -t sysfs sysfs /sys
  if grep -q "^cgroup2 /sys/fs/cgroup " <<<"$hierarchies"; then
    mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
    own_second_version_root
    return
  fi
  mount -n -t tmpfs -o mode=755,size=1m tmpfs /sys/fs/cgroup
  while read -r type mount options; do
    mkdir -p "$mount"
    if [[ "$type" == cgroup2 ]]; then
      mount -n -t cgroup2 cgroup2 "$mount"
      continue
    fi
    controllers=
    for line in ${options//,/ }; do
      case "$line" in
        rw | ro | xattr | clone_children | release_agent=*) ;;
        name=*) controllers="none,$line" ;;
        *) controllers="${controllers:+$controllers,}$line" ;;
      esac
    done
    mount -n -t cgroup -o "$controllers" cgroup "$mount"
    for line in ${controllers//,/ }; do
      [[ -e "/sys/fs/cgroup/$line" || "$line" == none || "$line" == name=* ]] || ln -s "$mount" "/sys/fs/cgroup/$line"
    done
  done <<<"$hierarchies"
}

# A second-version group with processes delegates nothing, so they move one down. The launcher, which
# this place does not see, is moved from outside: hence the attempts.
own_second_version_root() {
  local attempt id controllers
  controllers=$(sed -E 's/(^| )([a-z])/\1+\2/g' /sys/fs/cgroup/cgroup.controllers)
  mkdir -p /sys/fs/cgroup/init
  for ((attempt = 0; attempt < 50; attempt++)); do
    while read -r id; do
      echo "$id" >/sys/fs/cgroup/init/cgroup.procs || true # it may have ended meanwhile
    done </sys/fs/cgroup/cgroup.procs 2>/dev/null
    if echo "$controllers" >/sys/fs/cgroup/cgroup.subtree_control; then return; fi 2>/dev/null
    sleep 0.1
  done
  echo "the control group of this place does not delegate: $controllers" >&2
  exit 1
}

wait_for_link() {
  local attempt
  for ((attempt = 0; attempt < 300; attempt++)); do
    if ip link show "$1" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "the link $1 did not come" >&2
  exit 1
}

# supervise NAME COMMAND...: runs COMMAND again when it ends, with its output in $LOGS/NAME.log.
supervise() {
  local name=$1 count=0 started
  shift
  while ((count <= RESTART_LIMIT)); do
    started=$SECONDS
    setsid --wait "$@" >>"$LOGS/$name.log" 2>&1 </dev/null || true
    echo "$(date -Is) $name ended; starting it again" >>"$LOGS/$name.log"
    if ((SECONDS - started < SOON_SECONDS)); then count=$((count + 1)); else count=1; fi
    sleep 1
  done
  echo "$(date -Is) $name ended $count times in a row; giving up" >>"$LOGS/$name.log"
}
