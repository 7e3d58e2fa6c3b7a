# shellcheck shell=bash
# Which packages a commit holds. Needs BUILD.

# package_list COMMIT: [{name, version, arch}] of a commit in the build repository
package_list() {
  ostree cat --repo="$BUILD/repo" "$1" /usr/lib/sysimage/packages.list |
    jq -Rnc '[inputs | split("\t") | {name: .[0], version: .[1], arch: .[2]}]'
}
