// @ts-check
// The status page's script, inlined by page.ts: no build step, so it is JavaScript that the compiler checks.
"use strict";

/** @typedef {import("../protocol/status").Status} Status */
/** @typedef {import("../protocol/fleetLock").Withdrawn} Withdrawn */
/** @typedef {import("../protocol/report").Deployment} Deployment */
/** @typedef {import("../protocol/report").Health} Health */
/** @typedef {string | Node} Content */
/** @typedef {[content: Content, className?: string]} Cell */

const REFRESH_MS = 2000;

/** @param {string} id */
const $ = (id) => {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
};

/** @type {(tag: string, text: Content, className?: string) => HTMLElement} */
const el = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text instanceof Node) node.append(text);
  else node.textContent = text;
  if (className) node.className = className;
  return node;
};

/** @param {number} n */
const bytes = (n) =>
  n < 1e3 ? `${n} B` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`;
/** @param {number} n */
const number = (n) => n.toLocaleString("en");
/** @param {number} s */
const age = (s) => (s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`);

/** @param {Deployment | null | undefined} d */
const deployment = (d) => {
  if (!d) return el("span", "–", "soft");
  const node = el("span", d.version ?? "?");
  const commit = el("span", d.commit.slice(0, 8), "mono soft below");
  commit.title = d.commit;
  node.append(commit);
  return node;
};

/** @type {(name: string, below: string) => HTMLElement} */
const named = (name, below) => {
  const node = el("span", name);
  node.append(el("span", below, "soft below"));
  return node;
};

/** @type {(text: string, color: string) => HTMLElement} */
const pill = (text, color) => el("span", text, `pill ${color}`);

/**
 * Green is the boot; the app may have failed since.
 * @param {import("../protocol/report").DeviceReport} report
 */
const appFailed = ({ app }) => Boolean(app?.startsWith("failed"));

/** @param {import("../protocol/report").DeviceReport} report */
const health = (report) =>
  report.health === "green" && appFailed(report)
    ? pill("green, app failed", "amber")
    : pill(report.health, HEALTH[report.health]);

/** @type {Record<Health, string>} */
const HEALTH = { green: "green", red: "red", pending: "amber" };

/**
 * @param {string} table
 * @param {Cell[][]} list
 */
function rows(table, list) {
  const body = $(table).querySelector("tbody");
  body?.replaceChildren(
    ...list.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map(([content, className]) => el("td", content, className)));
      return row;
    }),
  );
}

/** @param {Status} status */
function cards(status) {
  const holder = status.lock.holders[0];
  const well = status.devices.filter((d) => d.report?.health === "green" && !appFailed(d.report)).length;
  const { totals } = status;
  /** @type {[value: string, label: string][]} */
  const all = [
    [`${well} of ${status.devices.length}`, "devices healthy"],
    [status.vipOwner ?? "none", "owns the virtual IP"],
    [
      holder ? holder.device : "free",
      holder ? `reboot lock since ${holder.since.slice(11, 19)}` : "reboot lock",
    ],
    [number(totals.files), "files served"],
    [bytes(totals.bytes), `in ${number(totals.requests)} requests`],
  ];
  $("cards").replaceChildren(
    ...all.map(([value, label]) => {
      const card = el("div", "", "card");
      card.append(el("b", value), el("span", label, "soft"));
      return card;
    }),
  );
}

/** @param {Withdrawn} withdrawn */
function withdrawal({ version, from, fromVersion }) {
  const back = fromVersion ?? from?.slice(0, 8) ?? "what the ref names";
  return `Rollout of ${version} withdrawn: devices are told to run ${back}; a device that already runs it keeps it`;
}

/** @param {Status} status */
function show(status) {
  const { target } = status;
  $("target").textContent = target.commit
    ? `target ${target.version ?? "?"} (${target.commit.slice(0, 8)}) of ${target.ref}, upgrade gate ${target.upgradeGate}`
    : "nothing is published yet";
  const { halted: halts, withdrawn } = status.lock;
  $("halt").hidden = halts.length === 0 && !withdrawn;
  $("halt").textContent = halts
    .map((h) => `Rollout of ${h.commit.slice(0, 8)} halted: ${h.device}, ${h.check}\n${h.output}`)
    .concat(withdrawn ? withdrawal(withdrawn) : [])
    .join("\n\n");
  cards(status);
  const fetched = new Map(status.clients.map((c) => [c.device, c]));
  rows(
    "devices",
    status.devices.map((d) => {
      const r = d.report;
      const counts = fetched.get(d.name);
      return [
        [named(d.name, d.role)],
        [r ? health(r) : pill("no report", "soft")],
        [r?.vip ? pill("owner", "blue") : "–"],
        [deployment(r?.booted)],
        [deployment(r?.staged)],
        [deployment(r?.rollback)],
        [r?.updatePhase ?? "–"],
        [
          [r?.app, ...(r?.problems ?? [])].filter(Boolean).join("; ") || "–",
          r && (appFailed(r) || r.problems.length > 0) ? "wrap red" : "wrap",
        ],
        [
          r?.failed.length
            ? el("span", r.failed.map((f) => (f.version ?? "") || f.commit.slice(0, 8)).join(", "), "red")
            : "–",
        ],
        [counts ? named(bytes(counts.bytes), `${number(counts.files)} files`) : "–", "number"],
        [d.ageSeconds === null ? "–" : `${age(d.ageSeconds)} ago`, "number soft"],
      ];
    }),
  );
  rows(
    "clients",
    status.clients.map((c) => [
      [c.device ? `${c.client} (${c.device})` : c.client],
      [number(c.files), "number"],
      [bytes(c.bytes), "number"],
      [number(c.kinds.object.files), "number"],
      [number(c.kinds.delta.files), "number"],
      [number(c.kinds.meta.files), "number"],
      [number(c.requests), "number"],
    ]),
  );
  $("fresh").textContent = `as of ${new Date(status.time).toLocaleTimeString()}`;
  $("fresh").className = "soft";
}

async function refresh() {
  try {
    const answer = await fetch("v1/status", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    // eslint-disable-next-line @typescript-eslint/no-unsafe-argument -- the comment gives the type
    show(/** @type {Status} */ (await answer.json()));
  } catch {
    $("fresh").textContent = "the depot does not answer";
    $("fresh").className = "red";
  }
  setTimeout(() => void refresh(), REFRESH_MS);
}
void refresh();
