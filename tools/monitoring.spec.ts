import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Metrics } from '@tallystick/telemetry';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { metricsIn, ownMetrics } from './metric-list.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DASHBOARD = readFileSync(`${ROOT}/docker/grafana/tallystick.json`, 'utf8');
const ALERTS = readFileSync(`${ROOT}/docker/prometheus/alerts.yaml`, 'utf8');
const own = ownMetrics(ROOT);

/** Series that Prometheus gets, by name: a histogram has three. */
function series(): ReadonlySet<string> {
  const metrics = new Metrics();
  metrics.observeProcess();
  return new Set(
    [...own, ...metrics.list()].flatMap(({ name, kind }) =>
      kind === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
    ),
  );
}

/** Names of metrics in a PromQL expression. */
function namesIn(expression: string): readonly string[] {
  return expression.match(/\btally_\w+/g) ?? [];
}

/** Labels that an expression selects or groups by, but for those of Prometheus itself. */
function labelsIn(expression: string): readonly string[] {
  const selected = [...expression.matchAll(/(\w+)\s*(?:=~|!=|=)\s*"/g)].map(
    ([, label = '']) => label,
  );
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  return [...selected, ...grouped].filter((label) => !['job', 'instance', 'le'].includes(label));
}

interface Dashboard {
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}

const panels = (JSON.parse(DASHBOARD) as Dashboard).panels.filter(({ type }) => type !== 'row');
const rules = (parse(ALERTS) as Alerts).groups.flatMap((group) => group.rules);
const queries = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
];

describe('dashboard and alerts', () => {
  it.each(queries)('%s asks for metrics and labels that exist: %s', (_, expr) => {
    const names = namesIn(expr);
    expect(names.length).toBeGreaterThan(0);
    const known = series();
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    const used = own.filter(({ name }) => names.some((each) => each.startsWith(name)));
    const labels = new Set(used.flatMap((metric) => metric.labels ?? []));
    expect(labelsIn(expr).filter((label) => !labels.has(label))).toEqual([]);
  });

  it('shows every metric of the coordinator', () => {
    const shown = new Set(queries.flatMap(([, expr]) => namesIn(expr)));
    const missing = own
      .map(({ name }) => name)
      .filter((name) => ![...shown].some((each) => each.startsWith(name)));
    expect(missing).toEqual([]);
  });

  it('says in every alert what is wrong and where to look', () => {
    expect(rules.length).toBeGreaterThan(5);
    for (const { alert, annotations } of rules) {
      expect(alert).toMatch(/^Tallystick[A-Z]\w+$/);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(10);
    }
  });
});

describe('metricsIn', () => {
  it('reads name, kind, text and labels', () => {
    const text =
      "const a = metrics.gauge(\n  'tally_a_rows',\n  'It\\'s a.',\n  ['state', 'kind'],\n);\n" +
      "deployment.metrics.counter('tally_b_total', 'B.');";
    expect(metricsIn(text)).toEqual([
      { name: 'tally_a_rows', kind: 'gauge', help: "It's a.", labels: ['state', 'kind'] },
      { name: 'tally_b_total', kind: 'counter', help: 'B.', labels: [] },
    ]);
  });
});
