# shellcheck shell=bash
# Which packages a commit holds. Needs BUILD.

# package_list COMMIT: [{name, version, arch}] by rpm-ostree, which prints a head line and " NAME-VERSION-RELEASE.ARCH"
package_list() {
  rpm-ostree db list --repo="$BUILD/repo" "$1" | sed -n 's/^ \([^ ]\)/\1/p' |
    jq -Rnc '[inputs | capture("^(?<name>.+)-(?<version>[^-]+-[^-]+)\\.(?<arch>[^.]+)$")]'
}
