#!/usr/bin/env bash
# A lab host that is reached by ssh, in namespaces of its own: a real sshd on 127.0.0.1:2222 with its own key.
# ssh-host.sh UNPACKED_PACKAGES FOLDER; FOLDER gets the keys. Prints "up" and stays until it is ended.
set -euo pipefail
unpacked=$1 folder=$2

mount --make-rprivate /
for dir in /run /var/lib /var/cache; do mount -t tmpfs tmpfs "$dir"; done
mkdir -m 755 /run/sshd
ip link set lo up
# sshd lets its network side run as a user of its own.
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
# Process 1 looks after those whose parent has ended.
while sleep 0.2; do :; done
