# Sourced: starts a place, which is what a machine is to the cluster: namespaces of its own for
# processes, mounts, network, host name and control groups, held by one init process. When that
# process dies, the kernel ends everything in the place and drops its mounts, links and rules.
# shellcheck shell=bash

PLACE_START_SECONDS=30

# start_place FOLDER HOSTNAME INIT ARGUMENTS...
start_place() {
  local folder=$1 name=$2 groups launcher init
  shift 2
  groups=$(make_cgroup "$name")
  (
    exec 9>&- </dev/null >"$folder/init.log" 2>&1
    for group in $groups; do echo "$BASHPID" >"$group/cgroup.procs"; done
    exec setsid unshare --pid --fork --kill-child --mount --propagation private --net --uts --ipc --cgroup "$@"
  ) &
  launcher=$!
  disown "$launcher"
  await "$PLACE_START_SECONDS" "the first process of $name" pgrep -P "$launcher"
  init=$(pgrep -P "$launcher")
  if [[ -d "$CGROUP_ROOT/$CLUSTER_NAME" ]]; then
    # The launcher must not keep the place's own second-version group busy.
    mkdir -p "$CGROUP_ROOT/$CLUSTER_NAME/launchers"
    echo "$launcher" >"$CGROUP_ROOT/$CLUSTER_NAME/launchers/cgroup.procs"
  fi
  echo "$init $(process_started "$init")" >"$folder/pid"
}

# link_place FOLDER NAME: plugs the place's eth0 into the control plane's bridge.
link_place() {
  nsenter --target "$(process_id "$CONTROL/pid")" --net -- \
    ip link add "$2" master bridge type veth peer name eth0 netns "$(process_id "$1/pid")"
  nsenter --target "$(process_id "$CONTROL/pid")" --net -- ip link set "$2" up
}
