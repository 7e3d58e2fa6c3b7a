# shellcheck shell=bash
# The packages that a commit contains. Needs BUILD.

# package_list COMMIT: [{name, version, arch}] of a commit in the build repository
package_list() {
  ostree cat --repo="$BUILD/repo" "$1" /usr/lib/sysimage/packages.list |
    jq -Rnc '[inputs | split("\t") | {name: .[0], version: .[1], arch: .[2]}]'
}
