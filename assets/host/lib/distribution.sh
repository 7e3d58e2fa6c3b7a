# shellcheck shell=bash
# The distribution of this host, as stack files name it.

# host_distribution: ID-MAJOR of os-release, e.g. rhel-9
host_distribution() {
  local file=${EDGE_OS_RELEASE:-/etc/os-release} id version
  id=$(sed -n 's/^ID=//p' "$file" | tr -d '"')
  version=$(sed -n 's/^VERSION_ID=//p' "$file" | tr -d '"')
  echo "$id-${version%%.*}"
}
