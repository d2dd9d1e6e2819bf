# Sourced: the control groups that hold every process of the cluster. With the first version each
# hierarchy gets one below our own; with the second there is one below the root.
# shellcheck shell=bash

CGROUP_ROOT=/sys/fs/cgroup

# Every folder of ours, deepest first.
cluster_cgroups() {
  find "$CGROUP_ROOT" -depth -type d \( -path "*/$CLUSTER_NAME" -o -path "*/$CLUSTER_NAME/*" \) 2>/dev/null || true
}

# Lines "MOUNT POINT<tab>OPTIONS" of the first version's hierarchies.
first_version_hierarchies() {
  awk '{ for (i = 7; i <= NF; i++) if ($i == "-") break; if ($(i+1) == "cgroup") print $5 "\t" $(i+3) }' /proc/self/mountinfo
}

# Our own path in the hierarchy mounted at $1, below its mount point.
own_cgroup() {
  local options=$1 controllers line
  while IFS=: read -r _ controllers line; do
    if [[ -n "$controllers" && ",$options," == *",$controllers,"* ]]; then
      echo "${line%/}"
      return
    fi
  done </proc/self/cgroup
}

# make_cgroup PLACE: makes the groups of one place (a node, or "control") and prints their folders.
make_cgroup() {
  local place=$1 mount options folder parent
  while IFS=$'\t' read -r mount options; do
    parent="$mount$(own_cgroup "$options")"
    for folder in "$parent/$CLUSTER_NAME" "$parent/$CLUSTER_NAME/$place"; do
      mkdir -p "$folder"
      # An empty processor set takes no process.
      if [[ -f "$folder/cpuset.cpus" ]]; then
        cat "$parent/cpuset.cpus" >"$folder/cpuset.cpus"
        cat "$parent/cpuset.mems" >"$folder/cpuset.mems"
      fi
    done
    echo "$folder"
  done < <(first_version_hierarchies)
  if [[ -f "$CGROUP_ROOT/cgroup.controllers" ]]; then
    folder="$CGROUP_ROOT/$CLUSTER_NAME/$place"
    mkdir -p "$folder"
    delegate_controllers "$CGROUP_ROOT"
    delegate_controllers "$CGROUP_ROOT/$CLUSTER_NAME"
    echo "$folder"
  fi
}

# Hands every controller of a second-version group to its children.
delegate_controllers() {
  local controller
  for controller in $(cat "$1/cgroup.controllers"); do
    echo "+$controller" >"$1/cgroup.subtree_control" 2>/dev/null || say "note: control group $1 does not delegate '$controller'"
  done
}

# Ids of all processes of the cluster that still live.
cluster_processes() {
  local folder
  for folder in $(cluster_cgroups); do
    cat "$folder/cgroup.procs" 2>/dev/null || true
  done | sort -un
}

remove_cgroups() {
  local folder
  for folder in $(cluster_cgroups); do
    rmdir "$folder" 2>/dev/null || true
  done
  [[ -z "$(cluster_cgroups)" ]]
}
