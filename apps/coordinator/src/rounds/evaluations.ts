import type { Hash, NodeId, RunId } from '@tallystick/kernel';
import type { NodeRows } from '../persistence/node-rows.js';

/** What a site says of a committed model; shown as reported by the site, part of no header. */
export interface EvaluationReport {
  readonly run: RunId;
  readonly round: number;
  readonly model: Hash;
  readonly numExamples: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Takes the nodes' evaluations of committed models. */
export class Evaluations {
  readonly #rows: NodeRows;

  constructor(rows: NodeRows) {
    this.#rows = rows;
  }

  /** The newest report of a node about a round stands. */
  async report(node: NodeId, report: EvaluationReport): Promise<void> {
    const { run, round, model, metrics } = report;
    const numExamples = BigInt(report.numExamples);
    await this.#rows.report({ run, round, node, model, numExamples, metrics });
  }
}
