# Sourced: the cluster's certificates and kubeconfigs, made by openssl.
# shellcheck shell=bash

CERTIFICATE_DAYS=365

# new_authority FOLDER NAME
new_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$CERTIFICATE_DAYS" -subj "/CN=$2" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature \
    -keyout "$1/$2.key" -out "$1/$2.crt" 2>/dev/null
}

# new_certificate FOLDER AUTHORITY FILE SUBJECT [ALTERNATIVE NAMES]: good as client and as server.
new_certificate() {
  local folder=$1 authority=$2 file=$3 subject=$4 names=${5:-}
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" \
    -keyout "$folder/$file.key" -out "$folder/$file.csr" 2>/dev/null
  {
    echo "basicConstraints=critical,CA:FALSE"
    echo "keyUsage=critical,digitalSignature"
    echo "extendedKeyUsage=clientAuth,serverAuth"
    if [[ -n "$names" ]]; then echo "subjectAltName=$names"; fi
  } >"$folder/$file.ext"
  openssl x509 -req -in "$folder/$file.csr" -CA "$folder/$authority.crt" -CAkey "$folder/$authority.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days "$CERTIFICATE_DAYS" -extfile "$folder/$file.ext" -out "$folder/$file.crt" 2>/dev/null
  rm "$folder/$file.csr" "$folder/$file.ext"
}

# new_service_account_key FOLDER: what service-account tokens are signed with.
new_service_account_key() {
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1/service-account.key" 2>/dev/null
  openssl pkey -in "$1/service-account.key" -pubout -out "$1/service-account.pub"
}

# new_kubeconfig FOLDER FILE SERVER OUTPUT: everything inline, so the file can be copied.
new_kubeconfig() {
  (
    umask 077
    cat >"$4" <<END
apiVersion: v1
kind: Config
current-context: mesh
contexts: [{name: mesh, context: {cluster: mesh, user: "$2"}}]
clusters: [{name: mesh, cluster: {server: "$3", certificate-authority-data: $(base64 -w0 "$1/ca.crt")}}]
users: [{name: "$2", user: {client-certificate-data: $(base64 -w0 "$1/$2.crt"), client-key-data: $(base64 -w0 "$1/$2.key")}}]
END
  )
}
