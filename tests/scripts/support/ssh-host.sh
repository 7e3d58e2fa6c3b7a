#!/usr/bin/env bash
# A lab host reachable by ssh, in its own namespaces: a real sshd on 127.0.0.1:2222 with its own key.
# ssh-host.sh UNPACKED_PACKAGES FOLDER; writes the keys to FOLDER. Prints "up" and runs until it is ended.
set -euo pipefail
unpacked=$1 folder=$2

mount --make-rprivate /
for dir in /run /var/lib /var/cache; do mount -t tmpfs tmpfs "$dir"; done
mkdir -m 755 /run/sshd
ip link set lo up
# sshd runs its network side as a separate user.
grep -v '^sshd:' /etc/passwd >/run/passwd
echo 'sshd:x:65500:65534::/run/sshd:/usr/sbin/nologin' >>/run/passwd
mount --bind /run/passwd /etc/passwd

for name in host other user; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$folder/$name"; done
cat >/run/sshd_config <<END
ListenAddress 127.0.0.1:2222
HostKey $folder/host
AuthorizedKeysFile $folder/user.pub
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel ERROR
END
"$unpacked/usr/sbin/sshd" -D -e -f /run/sshd_config 2>/run/sshd.log &
until (: </dev/tcp/127.0.0.1/2222) 2>/dev/null; do sleep 0.05; done
echo up
# Process 1 must reap orphans.
while sleep 0.2; do :; done
