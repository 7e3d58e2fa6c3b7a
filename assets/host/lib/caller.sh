# shellcheck shell=bash
# What the caller's own shell must not change: messages and sort order, file modes, where programs are found. Sourced
# first; what is secret is written under a umask of its own.

export LC_ALL=C.UTF-8
unset LANGUAGE
umask 022
# A user's PATH may not have what root uses.
[[ :$PATH: == *:/usr/sbin:* ]] || export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
