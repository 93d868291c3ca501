import { FAULT_KINDS, type FaultKind, type Phase, PHASES } from './faults.js';

/** How often each fault struck, and in which phase. */
export class Coverage {
  readonly #all = new Map<FaultKind, number>();
  readonly #pairs = new Map<string, number>();

  add(kind: FaultKind, phases: readonly Phase[]): void {
    this.#all.set(kind, (this.#all.get(kind) ?? 0) + 1);
    for (const phase of phases) {
      const pair = `${kind} × ${phase}`;
      this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + 1);
    }
  }

  /** Kinds and pairs that never struck. */
  missing(): readonly string[] {
    const pairs = FAULT_KINDS.flatMap((kind) => PHASES.map((phase) => `${kind} × ${phase}`));
    return [
      ...FAULT_KINDS.filter((kind) => !this.#all.has(kind)),
      ...pairs.filter((pair) => !this.#pairs.has(pair)),
    ];
  }

  /** A line for each kind: its count, and its count in each phase. */
  table(): string {
    const cells = (first: string, rest: readonly (string | number)[]): string =>
      first.padEnd(20) + rest.map((cell) => String(cell).padStart(12)).join('');
    const lines = FAULT_KINDS.map((kind) =>
      cells(kind, [
        this.#all.get(kind) ?? 0,
        ...PHASES.map((phase) => this.#pairs.get(`${kind} × ${phase}`) ?? 0),
      ]),
    );
    return [cells('fault', ['all', ...PHASES]), ...lines].join('\n');
  }
}
