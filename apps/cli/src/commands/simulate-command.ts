import type { Command } from 'commander';
import { type MakeContext, runCommand } from '../command-context.js';
import { EXIT } from '@tallystick/kernel';
import { type Comparison, compare } from '../federation/comparison.js';
import { loadExample } from '../federation/example.js';
import { sayComparison } from '../federation/say-comparison.js';
import { integerOption } from '../options.js';
import { simulate } from '../simulate/simulate.js';

/** `tally simulate`: the same rounds in one process, bit-equal to the distributed run. */
export function addSimulate(program: Command, makeContext: MakeContext): void {
  program
    .command('simulate')
    .description('play a run in this process: the same rounds and models as a federation')
    .argument('<path>', 'folder with run.yaml and sites/<name>/node.yaml, or its run.yaml')
    .option('--seed <n>', 'another seed than the one in run.yaml', integerOption('--seed'))
    .addHelpText('after', '\nExample:\n  tally simulate examples/heart-disease --json')
    .action(async (path: string, _options: unknown, command: Command) => {
      await runCommand(command, makeContext, async ({ output, logger, signal }) => {
        const { seed } = command.opts<{ seed?: number }>();
        const startedAtMs = performance.now();
        const example = await loadExample(path, seed);
        const { outcome, headers, accuracyOf } = await simulate(example, {
          logger,
          signal,
          onRound: ({ round, included, modelAfter }) =>
            output.say(`round ${round}  ${included} sites  model ${modelAfter.slice(0, 16)}`),
        });
        const comparison: Comparison = await compare(example, accuracyOf);
        sayComparison(output, comparison);
        output.result({
          verdict: 'SIMULATED',
          status: outcome.status,
          rounds: headers.filter(({ included }) => included > 0).length,
          ...comparison,
          modelSha256: outcome.model,
          roundModels: headers.map(({ modelAfter }) => modelAfter),
          chain: null,
          seconds: seconds(performance.now() - startedAtMs),
          cpuSeconds: seconds(cpuMs()),
        });
        if (outcome.reason !== undefined) output.say(outcome.reason);
        return outcome.status === 'completed' ? EXIT.ok : EXIT.runFailed;
      });
    });
}

/** Milliseconds of CPU this process has used. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Seconds with two decimals. */
export function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}
