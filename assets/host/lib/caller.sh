# shellcheck shell=bash
# Settings that the caller's shell must not influence: messages and sort order, file modes, PATH. Sourced first; secrets
# are written under their own umask.

export LC_ALL=C.UTF-8
unset LANGUAGE
umask 022
# A user's PATH may lack root's directories.
[[ :$PATH: == *:/usr/sbin:* ]] || export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
