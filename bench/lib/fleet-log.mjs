// @ts-check
/** What happened to the nodes of one process. Times are ms since 1970, so that processes can compare them. */

/** Round and when it was over for the nodes of a process: the last submit sent, the first result heard. */
/** @typedef {{ round: number, submitMs: number, resultMs: number }} RoundTimes */

/** Answers to heartbeats that are remembered. */
const MAX_BEATS = 100_000;

/** @typedef {ReturnType<FleetLog['counts']>} FleetCounts */

const nowMs = () => performance.timeOrigin + performance.now();

export class FleetLog {
  /** @param {(times: RoundTimes) => void} onRound hears of each round once */
  constructor(onRound) {
    this.onRound = onRound;
    /** @type {Record<string, number>} */
    this.verdicts = {};
    this.bytes = 0;
    this.downloads = 0;
    this.lastDownloadMs = 0;
    this.closes = 0;
    /** @type {string[]} */
    this.errors = [];
    this.newest = -1;
    this.submitMs = 0;
    /** Ms from a ping to its pong. @type {number[]} */
    this.beats = [];
  }

  /** @param {number} ms */
  heard(ms) {
    if (this.beats.length < MAX_BEATS) this.beats.push(ms);
  }

  /** @param {string} outcome `accepted`, or the code */
  verdict(outcome) {
    this.verdicts[outcome] = (this.verdicts[outcome] ?? 0) + 1;
  }

  /** @param {number} bytes of the update */
  submitted(bytes) {
    this.bytes += bytes;
    this.submitMs = nowMs();
  }

  /** @param {number} round */
  result(round) {
    if (round <= this.newest) return;
    this.newest = round;
    this.onRound({ round, submitMs: this.submitMs, resultMs: nowMs() });
  }

  downloaded() {
    this.downloads++;
    this.lastDownloadMs = nowMs();
  }

  closed() {
    this.closes++;
  }

  /** @param {unknown} error */
  failed(error) {
    if (this.errors.length < 10) this.errors.push(String(error));
  }

  counts() {
    const { verdicts, bytes, downloads, lastDownloadMs, closes, errors } = this;
    return { verdicts, bytes, downloads, lastDownloadMs, closes, errors, beats: this.beats };
  }
}
