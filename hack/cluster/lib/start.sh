# Sourced by "up": the steps that make a cluster, in their order.
# shellcheck shell=bash

CONTROL_SECONDS=90
NODE_SECONDS=120

make_certificates() {
  local n
  mkdir -p "$PKI"
  chmod 700 "$PKI"
  new_authority "$PKI" ca
  new_authority "$PKI" front-ca
  new_service_account_key "$PKI" &
  new_certificate "$PKI" ca apiserver /CN=kube-apiserver \
    "IP:$CONTROL_IP,IP:$SERVICE_API_IP,IP:127.0.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.$CLUSTER_DOMAIN"
  new_certificate "$PKI" ca admin /O=system:masters/CN=kubernetes-admin
  new_certificate "$PKI" ca kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  new_certificate "$PKI" ca controller-manager /CN=system:kube-controller-manager
  new_certificate "$PKI" ca scheduler /CN=system:kube-scheduler
  new_certificate "$PKI" ca proxy /CN=system:kube-proxy
  new_certificate "$PKI" ca dns /CN=system:kube-dns
  new_certificate "$PKI" front-ca front-proxy /CN=front-proxy
  new_kubeconfig "$PKI" controller-manager "https://$CONTROL_IP:6443" "$PKI/controller-manager.kubeconfig"
  new_kubeconfig "$PKI" scheduler "https://$CONTROL_IP:6443" "$PKI/scheduler.kubeconfig"
  new_kubeconfig "$PKI" admin "https://$CONTROL_IP:6443" "$ADMIN_KUBECONFIG"
  for ((n = 1; n <= nodes; n++)); do
    new_certificate "$PKI" ca "node$n" "/O=system:nodes/CN=system:node:$(node_name "$n")" "IP:$(node_ip "$n"),DNS:$(node_name "$n")"
  done
  wait
}

start_control_plane() {
  mkdir -p "$CONTROL" "$LOGS"
  start_place "$CONTROL" control "$CLUSTER_HACK/lib/control-init" "$nodes"
  await 10 "the control plane's bridge" nsenter --target "$(process_id "$CONTROL/pid")" --net -- ip link show bridge
  # This machine reaches the API server over one link; nothing else of it is touched.
  nsenter --target "$(process_id "$CONTROL/pid")" --net -- ip link add host type veth peer name "$HOST_LINK" netns "$$"
  nsenter --target "$(process_id "$CONTROL/pid")" --net -- ip link set host master bridge up
  ip addr add "$HOST_IP/24" dev "$HOST_LINK"
  ip link set "$HOST_LINK" up
}

start_node() {
  local n=$1 folder
  folder="$(node_dir "$n")"
  mkdir -p "$folder"
  cp "$PKI/ca.crt" "$folder/ca.crt"
  cp "$PKI/node$n.crt" "$folder/kubelet.crt"
  cp "$PKI/node$n.key" "$folder/kubelet.key"
  new_kubeconfig "$PKI" "node$n" "https://$CONTROL_IP:6443" "$folder/kubelet.kubeconfig"
  new_kubeconfig "$PKI" proxy "https://$CONTROL_IP:6443" "$folder/proxy.kubeconfig"
  start_place "$folder" "$(node_name "$n")" "$CLUSTER_HACK/lib/node-init" "$n" "$nodes"
  link_place "$folder" "$(node_name "$n")"
}

# Cluster DNS under the address that the nodes know, and its rights.
dns_objects() {
  cat <<END
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns, kubernetes.io/name: KubeDNS}}
spec:
  clusterIP: $SERVICE_DNS_IP
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
subsets:
- addresses: [{ip: $CONTROL_IP}]
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mesh-cluster-dns}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:kube-dns}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: system:kube-dns}]
END
}

let_nodes_join() {
  local n
  await 30 "the namespace kube-system" admin_kubectl get namespace kube-system default
  dns_objects | admin_kubectl create -f - >/dev/null
  for ((n = 1; n <= nodes; n++)); do
    enter "$(node_dir "$n")" touch /run/join
  done
}

# The address range that the node's configuration has is written into its object, for who reads it there.
publish_pod_ranges() {
  local n range
  for ((n = 1; n <= nodes; n++)); do
    range=$(node_pod_cidr "$n")
    admin_kubectl patch node "$(node_name "$n")" --patch "{\"spec\":{\"podCIDR\":\"$range\",\"podCIDRs\":[\"$range\"]}}" >/dev/null
  done
}

import_base_images() {
  local archives
  mapfile -t archives < <("$CLUSTER_HACK/base-images")
  "$CLUSTER_HACK/import" --quiet "${archives[@]}"
}

nodes_ready() {
  [[ "$(admin_kubectl get nodes -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | grep -cx True)" == "$1" ]]
}

service_accounts_exist() { admin_kubectl get serviceaccount default --namespace default; }

# Prints the last complaints of the logs that tell why.
explain_failure() {
  local log
  for log in "$CONTROL/init.log" "$LOGS"/kube-apiserver.log "$STATE"/nodes/*/init.log "$STATE"/nodes/*/log/{containerd,kubelet}.log; do
    if grep -qE '^[EF][0-9]{4} |^(fatal|panic)|rror|ended' "$log" 2>/dev/null; then
      printf -- '--- %s\n' "$log" >&2
      grep -E '^[EF][0-9]{4} |^(fatal|panic)|rror|ended' "$log" | tail -n 3 | cut -c1-300 >&2
    fi
  done
}
