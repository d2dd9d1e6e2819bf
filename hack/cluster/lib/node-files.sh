# Sourced inside a node: the folders that a node must not share with the machine or with other nodes.
# /etc, /opt and /var are overlays (reads fall through, writes stay in the node's memory file system),
# /run and /tmp are empty, and what grows large is a folder on the machine's disk.
# shellcheck shell=bash

CNI_PLUGINS=(loopback ptp bridge host-local portmap)

# stage_files NODE FOLDER NUMBER: builds all of it aside, then moves it into place.
stage_files() {
  local node=$1 number=$2 top
  local stage="$node/stage"
  mkdir -p "$stage" "$node"/{containerd,kubelet,log}
  mount -n -t tmpfs -o mode=755 tmpfs "$stage"
  for top in etc opt var; do
    mkdir -p "/$top" "$stage"/{upper,work,new}/"$top"
    mount -n -t overlay -o "lowerdir=/$top,upperdir=$stage/upper/$top,workdir=$stage/work/$top" overlay "$stage/new/$top"
  done
  for top in run tmp; do
    mkdir -p "$stage/new/$top"
    mount -n -t tmpfs -o mode=755 tmpfs "$stage/new/$top"
  done
  chmod 1777 "$stage/new/tmp"
  mkdir -p "$stage/new/run/netns" "$stage/new/run/lock"
  mount -n --bind "$stage/new/run/netns" "$stage/new/run/netns" # ip-netns would make it one later, under the pods' feet
  bind_over "$node/containerd" "$stage/new/var/lib/containerd"
  bind_over "$node/kubelet" "$stage/new/var/lib/kubelet"
  bind_over "$node/log" "$stage/new/var/log"
  bind_over "$KUBERNETES_BIN" "$stage/new/opt/kubernetes/bin"
  write_network_configuration "$stage/new" "$number"
  write_kubernetes_configuration "$stage/new"
  write_containerd_configuration "$stage/new"
  # The one that covers the stage itself goes last.
  for top in etc opt var run tmp; do
    [[ "$stage" == "/$top/"* ]] || mount -n --move "$stage/new/$top" "/$top"
  done
  top=${stage#/}
  top=${top%%/*}
  if [[ -d "$stage/new/$top" ]]; then mount -n --move "$stage/new/$top" "/$top"; fi
}

bind_over() {
  mkdir -p "$2"
  mount -n --bind "$1" "$2"
}

write_network_configuration() {
  local root=$1 plugin
  rm -rf "$root/etc/cni" "$root/opt/cni" "$root/var/lib/cni"
  mkdir -p "$root/etc/cni/net.d" "$root/opt/cni/bin" "$root/var/lib/cni"
  for plugin in "${CNI_PLUGINS[@]}"; do cp "/usr/lib/cni/$plugin" "$root/opt/cni/bin/$plugin"; done
  # ptp routes each pod by an address of its own, so traffic inside a node passes the node's
  # packet filter also where the kernel lacks bridge filtering.
  cat >"$root/etc/cni/net.d/10-nodes.conflist" <<END
{
  "cniVersion": "0.3.1",
  "name": "nodes",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": false,
      "mtu": 1500,
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni-addresses",
        "ranges": [[{"subnet": "$(node_pod_cidr "$2")"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
END
}

write_kubernetes_configuration() {
  local root=$1
  rm -rf "$root/etc/kubernetes"
  mkdir -p "$root/etc/kubernetes"
  cp "$node"/{ca.crt,kubelet.crt,kubelet.key,kubelet.kubeconfig,proxy.kubeconfig} "$root/etc/kubernetes/"
  printf 'nameserver %s\n' "$SERVICE_DNS_IP" >"$root/etc/kubernetes/resolv.conf"
  cat >"$root/etc/kubernetes/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: /etc/kubernetes/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: /etc/kubernetes/kubelet.crt
tlsPrivateKeyFile: /etc/kubernetes/kubelet.key
clusterDNS: [$SERVICE_DNS_IP]
clusterDomain: $CLUSTER_DOMAIN
resolvConf: /etc/kubernetes/resolv.conf
cgroupDriver: cgroupfs
cgroupsPerQOS: true
enforceNodeAllocatable: []
failSwapOn: false
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
maxPods: 110
nodeStatusUpdateFrequency: 5s
syncFrequency: 10s
fileCheckFrequency: 0s
# Images come from archives and cannot be fetched again: a full disk must not take them away.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
END
}

write_containerd_configuration() {
  local root=$1
  mkdir -p "$root/etc/containerd"
  cat >"$root/etc/containerd/config.toml" <<END
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    discard_unpacked_layers = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
END
}
