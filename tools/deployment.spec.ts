import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../apps/coordinator/src/config.js';
import { loadConfig as loadNodeConfig } from '../apps/client-node/src/config.js';
import { CHAIN_NODES, containerArguments } from '../chain/scripts/validators.mjs';
import { render, renderChart } from './render-chart.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CHART = `${ROOT}/docker/helm/tallystick`;
const read = (path: string): string => readFileSync(`${ROOT}/docker/${path}`, 'utf8');

// oxlint-disable-next-line typescript/no-explicit-any -- YAML of ours, looked at field by field
type Fields = Readonly<Record<string, any>>;

/** `${NAME:-default}` as compose reads it, `${NAME:?why}` with a value that a person would give. */
function interpolated(text: string): string {
  return text
    .replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')
    .replaceAll(/\$\{TALLY_DOMAIN:\?[^}]*\}/g, 'federation.example');
}

const compose = parse(interpolated(read('compose.production.yaml'))) as Fields;
const archive = CHAIN_NODES.find(({ role }) => role === 'archive');

/** What the coordinator makes of these variables; secrets are files. */
function configOf(env: Readonly<Record<string, string>>) {
  return loadConfig(env, (path) => {
    expect(path).toMatch(/^\/(run\/secrets\/database-url|database\/url)$/);
    return 'postgres://tally:secret@postgres:5432/tally\n';
  });
}

describe('docker/compose.production.yaml', () => {
  const { services } = compose;
  const { coordinator, proxy } = services as Fields;

  it('has what a deployment needs: database, coordinator, proxy, two sites; the chain comes from its own file', () => {
    const names = Object.keys(services as Fields);
    expect(names).toEqual(
      expect.arrayContaining(['postgres', 'coordinator', 'proxy', 'north-hospital']),
    );
    const sites = Object.values<Fields>(services as Fields).filter(({ profiles = [] }) =>
      profiles.includes('sites'),
    );
    expect(sites).toHaveLength(2);
    const chain = parse(read('compose.validators.yaml')) as Fields;
    expect(names.filter((name) => name in chain['services'])).toEqual([]);
    expect(chain['services']).toHaveProperty('archive');
  });

  it('gives the coordinator settings that it knows and takes in production', () => {
    const { config, unknown } = configOf(coordinator.environment);
    expect(unknown).toEqual([]);
    expect(config.database.url).toContain('@postgres:5432/tally');
    expect(config.chain.url).toBe(`ws://archive:${archive?.rpcPort}`);
    expect(config.publicUrl).toBe('https://federation.example');
  });

  it('shows the coordinator to the proxy alone, at the port where it listens', () => {
    const { config } = configOf(coordinator.environment);
    expect(coordinator.ports).toBeUndefined();
    expect(coordinator.expose).toEqual([String(config.port)]);
    expect(read('Caddyfile')).toContain(`reverse_proxy coordinator:${config.port}`);
    expect(read('Dockerfile')).toContain(`EXPOSE ${config.port}`);
    expect(coordinator.healthcheck.test.join(' ')).toContain(`:${config.port}/health`);
    expect(proxy.ports).toEqual(['80:80', '443:443']);
    expect(read('prometheus/prometheus.yaml')).toContain(`coordinator:${config.port}`);
  });

  it('keeps the numbers and troubles from outside', () => {
    expect(read('Caddyfile')).toMatch(/@inside path \/metrics \/ready\n\s*respond @inside 404/);
  });

  it.each(Object.entries<Fields>(services as Fields))('%s runs what exists', (_, service) => {
    const words: readonly string[] = service['command'] ?? [];
    for (const word of words.filter((each) => each.startsWith('apps/'))) {
      const source = word.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
      expect(existsSync(`${ROOT}/${source}`), word).toBe(true);
    }
    for (const volume of service['volumes'] ?? []) {
      const [from = ''] = String(volume).split(':');
      const isNamed = Object.keys(compose['volumes']).includes(from);
      expect(isNamed || existsSync(`${ROOT}/docker/${from}`), from).toBe(true);
    }
    for (const secret of service['secrets'] ?? [])
      expect(compose['secrets']).toHaveProperty(secret);
  });

  it.each(['coordinator', 'north-hospital', 'south-hospital'])(
    '%s cannot write but to its data',
    (name) => {
      expect(services[name]).toMatchObject({
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      const args: readonly string[] = services[name].command ?? [];
      if (name === 'coordinator') return;
      expect(loadNodeConfig({}, args.slice(2)).folder).toBe('/data');
    },
  );
});

const rendered = renderChart(CHART);
const full = renderChart(CHART, (values) => {
  values.chain.archive.enabled = true;
  values.chain.archive.peers = '/dns/north/tcp/30333/p2p/a,/dns/east/tcp/30334/p2p/b';
  values.serviceMonitor.enabled = true;
  values.otlpEndpoint = 'http://collector:4318';
  values.storage.className = 'fast';
});
const podOf = (manifests: readonly Fields[], name: string): Fields =>
  manifests.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === name)?.['spec']
    .template.spec;

describe('the chart', () => {
  it('is a coordinator with its service and its way in, and more on demand', () => {
    const kinds = (manifests: readonly Fields[]): readonly string[] =>
      manifests.map(({ kind }) => String(kind)).toSorted();
    expect(kinds(rendered)).toEqual(['Ingress', 'Service', 'StatefulSet']);
    expect(kinds(full)).toEqual(
      ['Ingress', 'Service', 'Service', 'ServiceMonitor', 'StatefulSet', 'StatefulSet'].toSorted(),
    );
    for (const { apiVersion, metadata } of full as readonly Fields[]) {
      expect(apiVersion).toMatch(/^[a-z0-9./]+$/);
      expect(metadata.name).toMatch(/^tally-(coordinator|archive)$/);
    }
  });

  it('gives the coordinator settings that it knows and takes in production', () => {
    const [container] = podOf(full, 'tally-coordinator')['containers'];
    const env = Object.fromEntries(
      container.env.map(({ name, value }: Fields) => [name, String(value)]),
    ) as Readonly<Record<string, string>>;
    const { config, unknown } = configOf(env);
    expect(unknown).toEqual([]);
    expect(container.ports).toEqual([{ name: 'http', containerPort: config.port }]);
    expect(env['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('http://collector:4318');
    expect(
      existsSync(`${ROOT}/${container.command[1].replace('dist', 'src').replace('.js', '.ts')}`),
    ).toBe(true);
  });

  it.each(['tally-coordinator', 'tally-archive'])(
    '%s is closed: no root, nothing to write to but its data',
    (name) => {
      const pod = podOf(full, name);
      expect(pod['automountServiceAccountToken']).toBe(false);
      expect(pod['securityContext']).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      for (const container of [
        ...pod['containers'],
        ...(pod['initContainers'] ?? []),
      ] as Fields[]) {
        expect(container['securityContext']).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(container['resources'].limits)).toEqual(['cpu', 'memory']);
        const names = [...pod['volumes'].map((volume: Fields) => volume['name']), 'data'];
        for (const mount of container['volumeMounts']) expect(names).toContain(mount.name);
      }
    },
  );

  it('is asked whether it lives and whether it is ready', () => {
    const [container] = podOf(rendered, 'tally-coordinator')['containers'];
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'http' });
    expect(container.startupProbe.httpGet).toEqual({ path: '/health', port: 'http' });
  });

  it('leads from the ingress over the service to the pod', () => {
    const byKind = (kind: string): Fields => rendered.find((each) => each.kind === kind) ?? {};
    const [path] = byKind('Ingress')['spec'].rules[0].http.paths;
    expect(path.backend.service).toEqual({ name: 'tally-coordinator', port: { name: 'http' } });
    const { selector, ports } = byKind('Service')['spec'];
    expect(ports).toEqual([{ name: 'http', port: 7700, targetPort: 'http' }]);
    const { labels } = byKind('StatefulSet')['spec'].template.metadata;
    expect(labels).toMatchObject(selector);
    expect(labels).toMatchObject(byKind('StatefulSet')['spec'].selector.matchLabels);
  });

  it('runs the archive with the arguments of the script', () => {
    if (archive === undefined) throw new Error('no archive');
    const [container] = podOf(full, 'tally-archive')['containers'];
    const flags = (args: readonly string[]): readonly string[] =>
      args
        .filter((arg) => !/reserved-nodes|^\/dns/.test(arg))
        .map((arg) => arg.replace('/run/secrets', '/key'));
    expect(flags(container.args)).toEqual(flags(containerArguments(archive)));
  });

  it('has a schema that its values meet, and that refuses what it does not know', () => {
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Fields;
    const values = (): Fields => parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as Fields;
    expect(faultsOf(values(), schema)).toEqual([]);
    expect(faultsOf({ ...values(), replicas: 3 }, schema)).toEqual(['.replicas is unknown']);
    expect(faultsOf({ ...values(), publicUrl: 'federation' }, schema)).toEqual(['.publicUrl']);
    expect(faultsOf({ ...values(), database: {} }, schema)).toEqual([
      '.database.secret is missing',
      '.database.poolSize is missing',
    ]);
  });
});

describe('render', () => {
  const scope = { Values: { a: 'x', off: '', list: ['p', 'q'] }, Release: {}, Chart: {} };

  it('trims, indents and quotes as Go does', () => {
    expect(render('a: {{ .Values.a | quote }}\n', scope)).toBe('a: "x"\n');
    expect(render('a:\n  {{- toYaml .Values.list | nindent 2 }}\nb: 1\n', scope)).toBe(
      'a:\n  - p\n  - q\nb: 1\n',
    );
    expect(render('a\n{{- if .Values.off }}\nb\n{{- end }}\nc\n', scope)).toBe('a\nc\n');
  });

  it.each(['{{ range .Values.list }}{{ end }}', '{{ .Values.none }}', '{{ .Values.a | upper }}'])(
    'refuses what it does not understand: %s',
    (text) => {
      expect(() => render(text, scope)).toThrow();
    },
  );
});

/** The part of JSON Schema that the chart's schema uses. */
function faultsOf(value: unknown, schema: Fields, at = ''): readonly string[] {
  const kind = typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
  const types = [schema['type'] ?? kind].flat();
  const isKind = types.includes(kind) || (kind === 'integer' && types.includes('number'));
  const isWanted = schema['enum']?.includes(value) ?? true;
  const isShaped = new RegExp(schema['pattern'] ?? '').test(String(value));
  if (!isKind || !isWanted || !isShaped) return [at];
  if (typeof value !== 'object' || value === null) return [];
  const known: Fields = schema['properties'] ?? {};
  const missing = (schema['required'] ?? []).filter((name: string) => !(name in value));
  return [
    ...missing.map((name: string) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      if (name in known) return faultsOf(inner, known[name], `${at}.${name}`);
      return schema['additionalProperties'] === false ? [`${at}.${name} is unknown`] : [];
    }),
  ];
}
