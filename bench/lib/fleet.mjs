// @ts-check
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from './proc.mjs';

const PROCESS = fileURLToPath(new URL('fleet-process.mjs', import.meta.url));
const POLL_MS = 20;

/** @typedef {import('./enrol.mjs').Enrolled} Enrolled */
/** @typedef {import('./fleet-log.mjs').RoundTimes} RoundTimes */
/** @typedef {import('./fleet-log.mjs').FleetCounts} FleetCounts */

/**
 * What a process of the fleet is asked first.
 * @typedef {object} OpenRequest
 * @property {string} url
 * @property {string} genesis
 * @property {string} coordinatorKey
 * @property {string} localAddress
 * @property {'idle' | 'download' | 'train'} mode
 * @property {readonly Enrolled[]} nodes
 * @property {number} cutPpm
 */

/** Real nodes over real sockets, in processes of their own, so that their CPU is not the coordinator's. */
export class Fleet {
  constructor() {
    /** @type {import('node:child_process').ChildProcess[]} */
    this.children = [];
    /** Round → when all had sent, and when the first heard that it is over. @type {Map<number, RoundTimes>} */
    this.rounds = new Map();
  }

  /**
   * Opens a session for every node.
   * @param {import('./coordinator.mjs').Coordinator} coordinator @param {readonly Enrolled[]} nodes
   * @param {{ readonly mode: OpenRequest['mode'], readonly processes?: number, readonly addresses?: number,
   *   readonly cutPpm?: number }} options addresses: number of the first block of addresses; cutPpm: nodes whose
   *   connection breaks once
   */
  static async open(coordinator, nodes, { mode, processes = 1, addresses = 1, cutPpm = 0 }) {
    const fleet = new Fleet();
    const { url, genesis, coordinatorKey } = coordinator;
    try {
      const opened = Array.from({ length: processes }, (_, i) => {
        const localAddress = `127.0.${addresses + i}.1`; // an address block each: pending sockets are counted by block
        const share = nodes.filter((_node, j) => j % processes === i);
        const about = { url, genesis, coordinatorKey, localAddress, mode, cutPpm, nodes: share };
        return fleet.#start(about);
      });
      await Promise.all(opened);
      return fleet;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  /** @param {OpenRequest} about @returns {Promise<void>} */
  #start(about) {
    const child = fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.children.push(child);
    child.on('message', (/** @type {{ round?: RoundTimes }} */ { round }) => {
      if (round !== undefined) this.#note(round);
    });
    return new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('a process of the fleet ended')));
      child.on('message', (/** @type {{ opened?: true, failed?: string }} */ message) => {
        if (message.opened === true) resolve();
        if (message.failed !== undefined) reject(new Error(message.failed));
      });
      child.send({ open: about });
    });
  }

  /** @param {RoundTimes} times */
  #note({ round, submitMs, resultMs }) {
    const known = this.rounds.get(round);
    this.rounds.set(round, {
      round,
      submitMs: Math.max(submitMs, known?.submitMs ?? 0),
      resultMs: Math.min(resultMs, known?.resultMs ?? Infinity),
    });
  }

  /** CPU seconds of all its processes so far. */
  get cpu() {
    return this.children.reduce((sum, { pid = 0 }) => sum + cpuSeconds(pid), 0);
  }

  /** Nodes that have the task and the model keep their uploads back until `go`. */
  hold() {
    for (const child of this.children) child.send({ hold: true });
  }

  go() {
    for (const child of this.children) child.send({ go: true });
  }

  /** Every node pings every `ms` from now on; `counts` has the times of the answers. @param {number} ms */
  beat(ms) {
    for (const child of this.children) child.send({ beatMs: ms });
  }

  /** Waits until so many rounds are over. @param {number} count @param {number} timeoutMs */
  played(count, timeoutMs) {
    return this.#until(`${count} rounds`, timeoutMs, () => this.rounds.size >= count);
  }

  /** Waits until so many models were downloaded. @param {number} count @param {number} timeoutMs */
  downloaded(count, timeoutMs) {
    const isThere = async () => (await this.counts()).downloads >= count;
    return this.#until(`${count} downloads`, timeoutMs, isThere);
  }

  /** Waits until so many updates were accepted. @param {number} count @param {number} timeoutMs */
  accepted(count, timeoutMs) {
    const isThere = async () => ((await this.counts()).verdicts['accepted'] ?? 0) >= count;
    return this.#until(`${count} accepted`, timeoutMs, isThere);
  }

  /** @param {string} what @param {number} timeoutMs @param {() => boolean | Promise<boolean>} isThere */
  async #until(what, timeoutMs, isThere) {
    const endMs = performance.now() + timeoutMs;
    while (!(await isThere())) {
      if (performance.now() > endMs) {
        const counts = JSON.stringify(await this.counts());
        throw new Error(
          `${what}: not within ${timeoutMs} ms; ${this.rounds.size} rounds, ${counts}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Summed over the processes. @returns {Promise<FleetCounts>} */
  async counts() {
    const all = await Promise.all(this.children.map(countsOf));
    return all.reduce(added);
  }

  async close() {
    await Promise.all(
      this.children.map(
        (child) =>
          new Promise((resolve) => {
            if (child.exitCode !== null || !child.connected) return resolve(undefined);
            child.once('exit', resolve);
            child.disconnect();
          }),
      ),
    );
  }
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<FleetCounts>} */
function countsOf(child) {
  return new Promise((resolve) => {
    const take = (/** @type {{ counts?: FleetCounts }} */ { counts }) => {
      if (counts === undefined) return;
      child.off('message', take);
      resolve(counts);
    };
    child.on('message', take);
    child.send({ counts: true });
  });
}

/** @param {FleetCounts} a @param {FleetCounts} b @returns {FleetCounts} */
function added(a, b) {
  const verdicts = { ...a.verdicts };
  for (const [code, n] of Object.entries(b.verdicts)) verdicts[code] = (verdicts[code] ?? 0) + n;
  return {
    verdicts,
    bytes: a.bytes + b.bytes,
    downloads: a.downloads + b.downloads,
    lastDownloadMs: Math.max(a.lastDownloadMs, b.lastDownloadMs),
    closes: a.closes + b.closes,
    errors: [...a.errors, ...b.errors],
    beats: [...a.beats, ...b.beats],
  };
}
