/** The record of a composed release. */
export interface Release {
  readonly version: string;
  readonly commit: string;
  readonly parent: string | null;
  readonly packageCount: number;
  readonly added: { name: string }[];
  readonly removed: { name: string }[];
  readonly changed: { name: string }[];
  readonly seconds: number;
}

/** What the tests compose: a small image with something of everything that a blueprint can ask for. */
export const packages = ["podman", "keepalived", "jq", "curl"].map((name) => ({ name, version: "*" }));
export const customizations = {
  hostname: "compose-test",
  // The first one is not the operator.
  user: [
    {
      name: "admin",
      home: "/srv/admin/",
      gid: 1200,
      groups: ["widget"],
      expiredate: 20500,
      force_password_reset: true,
    },
    { name: "core", groups: ["wheel"], key: "ssh-ed25519 AAAA core@test", password: "$6$salt$hash" },
  ],
  group: [{ name: "widget", gid: 1130 }],
  sshkey: [{ user: "root", key: "ssh-ed25519 BBBB root@test" }],
  timezone: { timezone: "Europe/Berlin", ntpservers: ["192.0.2.1", "192.0.2.2"] },
  locale: { languages: ["C.UTF-8"] },
  directories: [{ path: "/etc/made/for", mode: "0750", group: "widget", ensure_parents: true }],
  files: [{ path: "/etc/made/for/test.conf", data: 'it\'s "so"\n', user: "admin", mode: "600" }],
  firewall: { accept: ["8080:tcp", "9000-9100:udp"], drop: ["23:tcp"] },
  services: { enabled: ["sshd"], disabled: ["systemd-timesyncd"], masked: ["fstrim.timer"] },
};
