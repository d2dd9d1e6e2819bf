# Sourced: the names and addresses of the cluster, and what is where in its one folder.
# shellcheck shell=bash
# shellcheck source=process.sh
source "$CLUSTER_HACK/lib/process.sh"

CLUSTER_NAME="${MESH_CLUSTER_NAME:-mesh-cluster}"
STATE="${MESH_CLUSTER_DIR:-/var/lib/$CLUSTER_NAME}"
# A running cluster remembers its network.
SUBNET="${MESH_CLUSTER_SUBNET:-$(cat "$STATE/subnet" 2>/dev/null || echo 172.30.0)}" # a /24: .1 control plane, .2 this machine, .10+N node N
MAX_NODES=9

CONTROL_IP="$SUBNET.1"
HOST_IP="$SUBNET.2"
SERVICE_CIDR=10.96.0.0/16
SERVICE_API_IP=10.96.0.1
SERVICE_DNS_IP=10.96.0.10
POD_CIDR=10.244.0.0/16
CLUSTER_DOMAIN=cluster.local
HOST_LINK="${CLUSTER_NAME:0:15}"
PAUSE_IMAGE=mesh.local/pause:dev
TEST_IMAGE=mesh.local/cluster-test:dev

PKI="$STATE/pki"
LOGS="$STATE/log"
CONTROL="$STATE/control"
ADMIN_KUBECONFIG="$STATE/admin.kubeconfig"
READY_MARK="$STATE/ready" # holds the number of nodes; written last

node_name() { echo "node$1"; }
node_ip() { echo "$SUBNET.$((10 + $1))"; }
node_pod_cidr() { echo "10.244.$1.0/24"; }
node_dir() { echo "$STATE/nodes/$1"; }

admin_kubectl() { no_proxy='*' NO_PROXY='*' "$KUBERNETES_BIN/kubectl" --kubeconfig "$ADMIN_KUBECONFIG" "$@"; }

# enter PLACE COMMAND...: runs COMMAND inside a node or the control plane (PLACE is its folder).
enter() {
  local place=$1 pid
  shift
  is_process "$place/pid" || fail "no cluster runs here" "start one with hack/cluster/up"
  pid=$(process_id "$place/pid")
  nsenter --target "$pid" --mount --net --pid --uts --ipc --cgroup --wd=/ -- \
    env PATH=/opt/kubernetes/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

require_node() {
  [[ "$1" =~ ^[1-9]$ && -d "$(node_dir "$1")" ]] || fail "there is no node '$1'" "hack/cluster/status lists the nodes"
}
