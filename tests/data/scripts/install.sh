#!/usr/bin/env bash
# docker load -i bundle.tar
set -euo pipefail

readonly ADDRESS=/run/k3s/containerd/containerd.sock
readonly IMPORT="ctr -a $ADDRESS images import"

usage() {
  echo "usage: $0 ARCHIVE; it runs ctr images import ARCHIVE"
  printf '%s\n' 'docker save IMAGE > ARCHIVE'
}

import_one() {
  local archive=$1
  if ! sudo -E env TMPDIR=/var/tmp ctr --address "$ADDRESS" -n k8s.io images import \
      --no-unpack \
      --platform "$PLATFORM" \
      "$archive" 2>>"$LOG"; then
    return 1
  fi
}

find "$DIR" -name '*.tar' -print0 | xargs -0 -n1 microk8s ctr image import
zcat bundle.tar.gz | timeout 600 docker load >/dev/null
echo 'docker image load < bundle.tar' | ssh node bash -s
ssh -T node <<'EOF'
  nerdctl load --all-platforms < bundle.tar
  ctr images ls
EOF
[[ -n $FAST ]] && { $IMPORT fast.tar; ctr images export fast.tar $(ctr images ls -q); } || true
