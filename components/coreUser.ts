import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { hashPassword } from "../lib/coreUser";
import { hostScript, resultOf } from "../lib/hostScript";

/** Inputs of {@link CoreUser}. */
export interface CoreUserArgs {
  stateDir: pulumi.Input<string>;
  /** Public keys that may log in besides the lab's own, OpenSSH format. */
  authorizedKeys: readonly string[];
  /** Clear-text password; generated where it is not given. */
  password?: pulumi.Input<string>;
}

/** User `core`, the operator on every device: the lab's ssh key and a password. */
export class CoreUser extends pulumi.ComponentResource {
  /** Secret. */
  public readonly password: pulumi.Output<string>;
  /** crypt(3) hash of the password; secret. */
  public readonly passwordHash: pulumi.Output<string>;
  /** Secret. */
  public readonly privateKey: pulumi.Output<string>;
  /** Every key that may log in. */
  public readonly authorizedKeys: pulumi.Output<string[]>;

  constructor(name: string, args: CoreUserArgs, opts?: pulumi.ComponentResourceOptions) {
    super("edge-lab:index:CoreUser", name, { authorizedKeys: args.authorizedKeys }, opts);
    const generated = new random.RandomPassword(
      `${name}-password`,
      { length: 20, special: false },
      { parent: this },
    );
    const salt = new random.RandomString(`${name}-salt`, { length: 16, special: false }, { parent: this });
    const script = hostScript(
      `${name}-ssh-key`,
      {
        run: "./assets/host/ssh-key.sh",
        env: { STATE_DIR: args.stateDir },
        sources: ["assets/host/ssh-key.sh"],
        secret: true,
      },
      { parent: this },
    );
    const key = resultOf<{ privateKey: string; publicKey: string }>(script, "ssh-key.sh");
    this.password = pulumi.secret(args.password ?? generated.result);
    this.passwordHash = pulumi.all([this.password, salt.result]).apply(([text, s]) => hashPassword(text, s));
    this.privateKey = pulumi.secret(key.apply((k) => k.privateKey));
    this.authorizedKeys = pulumi.unsecret(key.apply((k) => [...args.authorizedKeys, k.publicKey]));
    this.registerOutputs({ authorizedKeys: this.authorizedKeys });
  }
}
