# shellcheck shell=bash
# The packages that a commit contains. Needs BUILD.

# package_list COMMIT: [{name, version, arch}] from rpm-ostree: a header, then lines " NAME-VERSION-RELEASE.ARCH"
package_list() {
  rpm-ostree db list --repo="$BUILD/repo" "$1" | sed -n 's/^ \([^ ]\)/\1/p' |
    jq -Rnc '[inputs | capture("\\A(?<name>.+)-(?<version>[^-]+-[^-]+)\\.(?<arch>[^.]+)\\z")]'
}
