import assert from "node:assert/strict";

import { labHost } from "../../../lib/labHost";
import { knownHosts, parseRemote } from "../../../lib/remoteHost";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx5nV0a2h0cHM6Ly9naXQ host";

describe("a remote host's URI", () => {
  it("is taken apart", () => {
    const keyFile = undefined;
    for (const [uri, remote] of [
      ["qemu+ssh://root@lab.example/system", { user: "root", host: "lab.example", port: 22, keyFile }],
      ["qemu+ssh://me_1@192.0.2.7:2222/system", { user: "me_1", host: "192.0.2.7", port: 2222, keyFile }],
      ["qemu+ssh://me@[2001:db8::1]/system", { user: "me", host: "2001:db8::1", port: 22, keyFile }],
      [
        "qemu+ssh://me@lab/system?keyfile=/keys/lab",
        { user: "me", host: "lab", port: 22, keyFile: "/keys/lab" },
      ],
    ] as const) {
      assert.deepEqual(parseRemote(uri), remote, uri);
    }
  });

  for (const [what, uri] of [
    ["no user, for the provider would log in as nobody", "qemu+ssh://lab.example/system"],
    ["a password", "qemu+ssh://me:secret@lab.example/system"],
    ["a way round the check of the host key", "qemu+ssh://me@lab.example/system?no_verify=1"],
    ["another list of known hosts", "qemu+ssh://me@lab.example/system?knownhosts=/tmp/x"],
    ["a session", "qemu+ssh://me@lab.example/session"],
    ["an option of ssh in the host's place", "qemu+ssh://me@-oProxyCommand=x/system"],
    ["an option of ssh in the user's place", "qemu+ssh://-oX@lab/system"],
    ["a port that is none", "qemu+ssh://me@lab.example:70000/system"],
    ["a key file that is not absolute", "qemu+ssh://me@lab.example/system?keyfile=key"],
  ] as const) {
    it(`is refused with ${what}`, () => assert.equal(parseRemote(uri), undefined));
  }
});

describe("where a lab stands", () => {
  it("is this host, with the state directory as it is", () => {
    assert.deepEqual(labHost({ libvirtUri: "qemu:///system", hostKeys: [] }, "dev", "/p/.lab"), {
      stateDir: "/p/.lab",
      libvirtUri: "qemu:///system",
      providerUri: "qemu:///system",
      remote: undefined,
    });
  });

  it("is another host, whose own libvirt its scripts ask, and the provider with the pinned keys", () => {
    const libvirtUri = "qemu+ssh://root@lab.example:2222/system?keyfile=/keys/lab";
    const host = labHost({ libvirtUri, hostKeys: [KEY] }, "dev", "/p q/.lab");
    assert.equal(host.stateDir, "/var/lib/edge-lab/dev");
    assert.equal(host.libvirtUri, "qemu:///system");
    const url = new URL(host.providerUri);
    assert.equal(url.host, "lab.example:2222");
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      keyfile: "/keys/lab",
      known_hosts_verify: "normal",
      knownhosts: "/p q/.lab/remote/known_hosts",
      sshauth: "privkey",
    });
    assert.equal(
      host.remote?.knownHosts,
      "[*]:2222 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx5nV0a2h0cHM6Ly9naXQ\n",
    );
  });

  it("has one list of keys whatever their order and comments", () => {
    const other = "ssh-rsa AAAAB3NzaC1yc2E";
    assert.equal(knownHosts({ port: 22 }, [KEY, `${other} x y`]), knownHosts({ port: 22 }, [other, KEY]));
    assert.match(knownHosts({ port: 22 }, [KEY]), /^\* ssh-ed25519 \S+\n$/);
  });
});
