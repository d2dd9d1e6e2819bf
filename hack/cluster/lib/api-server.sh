# Sourced: the flags that the cluster's API server and a lone one share.
# shellcheck shell=bash

# api_server_flags PKI FOLDER: prints them, one word each.
api_server_flags() {
  printf '%s\n' --allow-privileged=true --service-cluster-ip-range=10.96.0.0/16 --client-ca-file="$1/ca.crt" \
    --tls-cert-file="$1/apiserver.crt" --tls-private-key-file="$1/apiserver.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$1/service-account.pub" --service-account-signing-key-file="$1/service-account.key" \
    --api-audiences=https://kubernetes.default.svc.cluster.local,kubernetes.default.svc,istio-ca \
    --anonymous-auth=true --profiling=false --insecure-port=0 --v=1
}
