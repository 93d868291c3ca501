import { type Hash, utf8 } from '@tallystick/kernel';
import type { VoidSpan } from '@tallystick/rounds';
import type { SimDisk } from './sim-disk.js';
import type { SimProcess } from './sim-process.js';

const PATH = 'receipts.log';

/** What a node keeps for ever, one line each; bytes as hex. */
export type NodeLine =
  | {
      readonly type: 'receipt';
      readonly round: number;
      readonly task: Hash;
      /** SCALE of the receipt. */
      readonly receipt: string;
      readonly update: string;
    }
  | {
      readonly type: 'decline';
      readonly round: number;
      readonly task: Hash;
      readonly decline: string;
    }
  | { readonly type: 'header'; readonly round: number; readonly hash: Hash }
  | { readonly type: 'voids'; readonly spans: readonly VoidSpan[] };

/** The node's durable memory: a line counts once it is synced; a torn last line is cut off at the next start. */
export class NodeLog {
  readonly #disk: SimDisk;
  readonly #owner: SimProcess;

  constructor(disk: SimDisk, owner: SimProcess) {
    this.#disk = disk;
    this.#owner = owner;
  }

  async load(): Promise<readonly NodeLine[]> {
    const bytes = (await this.#disk.read(this.#owner, PATH)) ?? new Uint8Array(0);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) await this.#disk.truncate(this.#owner, PATH, whole);
    const lines = new TextDecoder().decode(bytes.subarray(0, whole)).split('\n').slice(0, -1);
    return lines.map((line): NodeLine => JSON.parse(line));
  }

  async append(line: NodeLine): Promise<void> {
    await this.#disk.append(this.#owner, PATH, utf8(`${JSON.stringify(line)}\n`));
    await this.#disk.sync(this.#owner, PATH);
  }
}
