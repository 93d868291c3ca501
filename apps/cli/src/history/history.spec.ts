import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tinySpec, twoSiteRun } from '../testing/two-site-run.js';
import { compareRuns } from './compare-runs.js';
import { crc32c } from './crc32c.js';
import { csvOf } from './csv.js';
import { flatSpec } from './flat-spec.js';
import { latexOf } from './latex.js';
import { roundRows } from './round-rows.js';
import { seriesOf } from './series-of.js';
import { eventFile } from './tensorboard-events.js';

describe('seriesOf', () => {
  const series = seriesOf(twoSiteRun());

  it('gives pooled first, then every site by name, with every round', () => {
    expect(series.map(({ name }) => name)).toEqual(['pooled', 'alpha', 'beta']);
    const accuracy = series.map(({ points }) =>
      points.filter(({ tag }) => tag === 'test/accuracy'),
    );
    expect(accuracy.map((points) => points.map(({ round }) => round))).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it('weights the pooled test metric by rows, not by sites', () => {
    const pooled = series[0]?.points.find(({ tag }) => tag === 'test/accuracy');
    expect(pooled?.value).toBe((10 * 1 + 30 * 0.5) / 40);
  });

  it('never takes a site for the whole federation', () => {
    const named = seriesOf(twoSiteRun(0, { nameOf: () => 'pooled' }));
    expect(named.map(({ name }) => name)).toEqual(['pooled', 'pooled-0', 'pooled-1']);
  });
});

describe('crc32c', () => {
  it.each([
    ['', 0],
    ['123456789', 0xe3069283], // RFC 3720 B.4, and every implementation's check value
  ])('of %j', (text, crc) => {
    expect(crc32c(new TextEncoder().encode(text))).toBe(crc);
  });

  it('of 32 zeros is that of RFC 3720 B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });
});

describe('eventFile', () => {
  /** Records of a TFRecord file, both checksums checked. */
  function recordsOf(bytes: Uint8Array): readonly Buffer[] {
    const all = Buffer.from(bytes);
    const records: Buffer[] = [];
    const unmasked = (value: number): number => {
      const rotated = (value - 0xa282ead8) >>> 0;
      return ((rotated >>> 17) | (rotated << 15)) >>> 0;
    };
    for (let at = 0; at < all.length;) {
      const length = Number(all.readBigUInt64LE(at));
      expect(unmasked(all.readUInt32LE(at + 8))).toBe(crc32c(all.subarray(at, at + 8)));
      const data = all.subarray(at + 12, at + 12 + length);
      expect(unmasked(all.readUInt32LE(at + 12 + length))).toBe(crc32c(data));
      records.push(data);
      at += 16 + length;
    }
    return records;
  }

  it('holds the version and one record per point, each with good checksums', () => {
    const [pooled] = seriesOf(twoSiteRun());
    const points = pooled?.points ?? [];
    const records = recordsOf(eventFile(points, 1_700_000_000_000));
    expect(records).toHaveLength(points.length + 1);
    expect(records[0]?.toString('latin1')).toContain('brain.Event:2');
    expect(records[1]?.toString('latin1')).toContain('train/lossBefore');
  });
});

describe('csvOf', () => {
  it('gives back any cells to a reader of RFC 4180', () => {
    const cell = fc.string().filter((text) => !/^[=+\-@\t\r]/.test(text));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        expect(readLine(csvOf(cells, []))).toEqual(cells);
      }),
    );
  });

  it('shows a name that is a formula as text, keeps numbers, and leaves what is missing empty', () => {
    expect(csvOf(['a', 'b', 'c'], [['=1+1', -2, null]])).toBe("a,b,c\n'=1+1,-2,\n");
  });

  it('holds every round of every series', () => {
    expect(roundRows(twoSiteRun(7))).toContainEqual([7, 2, 'beta', 'test/accuracy', 0.5]);
  });
});

describe('compareRuns', () => {
  const other = twoSiteRun(1, {
    spec: tinySpec((text) => text.replace('learningRate: 0.1', 'learningRate: 0.2')),
  });
  const rows = compareRuns([twoSiteRun(), other]);

  it('marks exactly what differs', () => {
    expect(rows.filter(({ differs }) => differs)).toEqual([
      { field: 'local.optimizer.sgd.learningRate', values: ['0.1', '0.2'], differs: true },
    ]);
  });

  it('shows zero as 0 and a missing value as a dash', () => {
    const unended = twoSiteRun(2, { view: { ...twoSiteRun(2).view, endedAtMs: null, best: null } });
    const [left] = [compareRuns([unended, twoSiteRun()])];
    const valuesOf = (name: string) => left?.find(({ field }) => field === name)?.values;
    expect(valuesOf('result.bestLoss')).toEqual(['–', '0.500000']);
    expect(valuesOf('seed')).toEqual(['0', '0']);
  });

  it('names every field of the spec', () => {
    expect(Object.fromEntries(flatSpec(tinySpec()))).toMatchObject({
      'data.features.0.column': 'age',
      'strategy.fedAvg.serverLearningRate': expect.any(String),
    });
  });
});

describe('latexOf', () => {
  it('escapes whatever LaTeX would act on', () => {
    const text = latexOf(['field', 'run'], [[String.raw`\input{x}`, '50 % & $_{#}~^']]);
    expect(text).toContain(String.raw`\textbackslash{}input\{x\}`);
    expect(text).toContain(String.raw`50 \% \& \$\_\{\#\}\textasciitilde{}\textasciicircum{}`);
  });
});

/** The cells of one CSV record. */
function readLine(text: string): readonly string[] {
  const cells = `,${text.slice(0, -1)}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,"\r\n]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
