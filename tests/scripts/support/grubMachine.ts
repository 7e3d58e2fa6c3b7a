import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";

import type { BootDisk } from "./bootDisk";

/** GRUB clears its screen, and goes to the top of it. */
const TERMINAL_CODES = /\u001b\[[\d;]*[A-Za-z]|\r/g;

/** A line of the serial console, and when it came. */
interface Line {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One of QEMU's events, such as RESET or WATCHDOG. */
interface QemuEvent {
  readonly name: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What differs between machines. */
export interface GrubMachineArgs {
  /** UTC when it is switched on, such as the default, `2026-03-04T05:06:07`. */
  readonly clock?: string;
  /** Has it an i6300ESB? Default: yes. */
  readonly watchdog?: boolean;
}

/** A QEMU in which the boot loader runs: from power-on until it is killed, like a machine whose power is cut. */
export class GrubMachine {
  readonly events: QemuEvent[] = [];
  private readonly lines: Line[] = [];
  private partial = "";
  private qemu: ChildProcess | undefined;
  private ended: Promise<unknown> | undefined;
  private control: Server | undefined;

  constructor(
    private readonly disk: BootDisk,
    private readonly folder: string,
    private readonly args: GrubMachineArgs = {},
  ) {}

  async powerOn(): Promise<void> {
    const { clock = "2026-03-04T05:06:07", watchdog: watched = true } = this.args;
    const socket = join(this.folder, "qmp");
    const control = createServer((connection) => {
      let text = "";
      connection.write('{"execute":"qmp_capabilities"}\n');
      connection.on("error", () => undefined); // QEMU is killed
      connection.on("data", (data) => {
        const messages = (text + data.toString()).split("\n");
        text = messages.pop() ?? "";
        for (const message of messages) this.note(message);
      });
    });
    this.control = control.listen(socket);
    await once(control, "listening");
    const machine = "-machine q35 -accel tcg -m 128 -nodefaults -display none".split(" ");
    // What libvirt makes of the lab's <watchdog model="i6300esb" action="reset"/>.
    const watchdog = watched ? ["-device", "i6300esb", "-action", "watchdog=reset"] : [];
    const drive = ["-drive", `file=${this.disk.path},format=raw,if=virtio,cache=unsafe`];
    const outside = ["-serial", "stdio", "-qmp", `unix:${socket}`, "-rtc", `base=${clock}`];
    const qemu = spawn("qemu-system-x86_64", [...machine, ...watchdog, ...drive, ...outside], {
      stdio: "pipe",
    });
    this.qemu = qemu;
    this.ended = once(qemu, "close");
    for (const stream of [qemu.stdout, qemu.stderr])
      stream.on("data", (data: Buffer) => this.hear(data.toString()));
  }

  /** Presses a key on the serial console. */
  pressKey(): void {
    this.qemu?.stdin?.write(" ");
  }

  /** Cuts the power. */
  async cutPower(): Promise<void> {
    this.qemu?.kill("SIGKILL");
    this.qemu = undefined;
    await this.ended;
    this.control?.close();
    if (this.control !== undefined) await once(this.control, "close");
    this.control = undefined;
  }

  /** Waits for the console's nth line (from 1) that matches. */
  async line(pattern: RegExp, nth = 1, seconds = 30): Promise<Line> {
    for (const end = Date.now() + seconds * 1000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const line = this.lines.filter(({ text }) => pattern.test(text))[nth - 1];
      if (line !== undefined) return line;
      if (Date.now() > end || this.qemu?.exitCode !== null)
        throw new Error(`no line ${nth} that matches ${pattern.source}:\n${this.console()}`);
    }
  }

  /** All that the console has shown. */
  console(): string {
    return [...this.lines.map(({ text }) => text), this.partial].join("\n");
  }

  private hear(text: string): void {
    const lines = (this.partial + text).split("\n");
    this.partial = lines.pop() ?? "";
    this.lines.push(...lines.map((line) => ({ text: line.replaceAll(TERMINAL_CODES, ""), at: Date.now() })));
  }

  private note(message: string): void {
    const { event, data, timestamp } = JSON.parse(message) as {
      event?: string;
      data?: { reason?: string };
      timestamp?: { seconds: number; microseconds: number };
    };
    if (event === undefined || timestamp === undefined) return;
    const at = timestamp.seconds * 1000 + timestamp.microseconds / 1000;
    this.events.push({ name: event, reason: data?.reason ?? "", at });
  }
}
