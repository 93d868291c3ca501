import { concatBytes, fromHex, type Hash, type RunId, utf8 } from '@tallystick/kernel';
import type { EpochList, RoundEvidence } from '@tallystick/protocol';
import type { BlobBytes } from '@tallystick/rounds';
import type { EvidenceFiles } from '../bundle/evidence-files.js';
import type { BundleFile } from '../bundle/manifest.js';
import { Mismatch } from '../findings.js';

/** The coordinator's REST below `/api/v1`: text of an answer, undefined when it has none of the kind. */
export type Fetch = (path: string) => Promise<string | undefined>;

const ROUND = /^rounds\/(\d+)\/([a-z]+)\.(?:bin|json)$/;
const EPOCH = /^epochs\/(\d+)\/([a-z]+)\.bin$/;

/**
 * The files of a bundle as the coordinator's REST gives them, read when they are asked for; one round at a time is kept.
 * Models and updates are not among them.
 */
export class RestFiles implements EvidenceFiles {
  readonly manifest: { readonly run: RunId };
  readonly #spec: Hash;
  readonly #fetch: Fetch;
  readonly #onRound: (round: number) => void;
  #round: { readonly number: number; readonly evidence: Promise<unknown> } | undefined;
  #epochs: Promise<unknown> | undefined;

  constructor(
    about: { readonly run: RunId; readonly spec: Hash },
    fetch: Fetch,
    onRound: (round: number) => void,
  ) {
    this.manifest = { run: about.run };
    this.#spec = about.spec;
    this.#fetch = fetch;
    this.#onRound = onRound;
  }

  paths(): readonly string[] {
    return [];
  }

  file(): BundleFile | undefined {
    return undefined;
  }

  withBytes<T>(path: string, _use: (blob: BlobBytes) => T): Promise<T> {
    return Promise.reject(new RangeError(`${path} is not fetched here`));
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    if (path === 'run/spec.json') {
      const text = await this.#fetch(`specs/${this.#spec}`);
      return text === undefined ? undefined : utf8(text);
    }
    const [, round, ofRound] = ROUND.exec(path) ?? [];
    if (ofRound !== undefined) {
      const evidence = await this.#evidence(Number(round));
      return bytesIn(path, Number(round), () => roundFile(evidence, ofRound));
    }
    const [, epoch, ofEpoch] = EPOCH.exec(path) ?? [];
    if (ofEpoch === undefined) return undefined;
    const list = await this.#list();
    return bytesIn(path, undefined, () => epochFile(list, Number(epoch), ofEpoch));
  }

  #evidence(number: number): Promise<unknown> {
    if (this.#round?.number !== number) {
      this.#onRound(number);
      const path = `runs/${this.manifest.run}/rounds/${number}/evidence`;
      this.#round = { number, evidence: this.#fetch(path).then(parsed) };
    }
    return this.#round.evidence;
  }

  #list(): Promise<unknown> {
    return (this.#epochs ??= this.#fetch(`runs/${this.manifest.run}/epochs`).then(parsed));
  }
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

/** What cannot be read as bytes was changed by whoever sent it. */
function bytesIn(
  record: string,
  round: number | undefined,
  read: () => Uint8Array | undefined,
): Uint8Array | undefined {
  try {
    return read();
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const place = { record, by: 'holder of the files' } as const;
    throw new Mismatch(round === undefined ? place : { ...place, round }, {
      expected: 'records as hex',
      found,
    });
  }
}

function hexOf(value: unknown): Uint8Array {
  if (Array.isArray(value)) return concatBytes(...value.map(hexOf));
  if (typeof value !== 'string') throw new RangeError('it is missing');
  return fromHex(value);
}

function roundFile(json: unknown, file: string): Uint8Array | undefined {
  if (json === undefined) return undefined;
  const evidence = json as Readonly<Partial<Record<keyof RoundEvidence, unknown>>>; // checked field by field
  const value = evidence[file as keyof RoundEvidence]; // undefined for a file of another name
  return file === 'metrics' ? utf8(String(value)) : hexOf(value);
}

function epochFile(json: unknown, epoch: number, file: string): Uint8Array | undefined {
  const { epochs } = (json ?? { epochs: [] }) as EpochList; // a wrong shape throws, and is a finding
  const view = epochs[epoch];
  if (view === undefined) return undefined;
  return hexOf(file === 'epoch' ? view.record : view.entitlements);
}
