// @ts-check
/**
 * Renders the templates of our chart: the part of Go's template language that they use, and an error for anything else. For
 * tests on machines without helm; `helm template` gives the same objects.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';

/** @typedef {{ kind: string, metadata: { name: string }, [field: string]: any }} Manifest */
/** @typedef {{ Values: any, Release: any, Chart: any }} Scope */

/** @param {string} folder of the chart @param {(values: any) => void} [change] the values @returns {Manifest[]} */
export function renderChart(folder, change = () => {}) {
  const read = (/** @type {string} */ file) => readFileSync(join(folder, file), 'utf8');
  const values = parse(read('values.yaml'));
  change(values);
  const { appVersion } = parse(read('Chart.yaml'));
  const scope = {
    Values: values,
    Release: { Name: 'tally', Service: 'Helm' },
    Chart: { AppVersion: appVersion },
  };
  const helpers = definitions(read('templates/_helpers.tpl'));
  return readdirSync(join(folder, 'templates'))
    .filter((file) => file.endsWith('.yaml'))
    .toSorted()
    .map((file) => render(read(join('templates', file)), scope, helpers))
    .flatMap((text) => parseAllDocuments(text))
    .flatMap((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      const value = document.toJS();
      return value === null ? [] : [value];
    });
}

/** @param {string} text @returns {Map<string, string>} name → body */
function definitions(text) {
  const found = text.matchAll(/\{\{- define "([^"]+)" -\}\}\s*([\s\S]*?)\s*\{\{- end \}\}/g);
  return new Map([...found].map(([, name = '', body = '']) => [name, body]));
}

/** @param {string} text @param {Scope} scope @param {Map<string, string>} helpers @returns {string} */
export function render(text, scope, helpers = new Map()) {
  const trimmed = text.replaceAll(/\s*\{\{-\s*/g, '{{').replaceAll(/\s*-\}\}\s*/g, '}}');
  /** @type {boolean[]} */
  const shown = [];
  let out = '';
  for (const part of trimmed.split(/(\{\{[\s\S]*?\}\})/)) {
    const [, action] = /^\{\{\s*([\s\S]*?)\s*\}\}$/.exec(part) ?? [];
    const isShown = shown.every(Boolean);
    if (action === undefined) out += isShown ? part : '';
    else if (action.startsWith('if '))
      shown.push(isShown && Boolean(value(action.slice(3), scope)));
    else if (action === 'end') shown.pop();
    else if (isShown) out += pipeline(action, scope, helpers);
  }
  if (shown.length > 0) throw new Error('an if without its end');
  return out;
}

/** @param {string} action @param {Scope} scope @param {Map<string, string>} helpers @returns {string} */
function pipeline(action, scope, helpers) {
  const [first = '', ...filters] = action.split(/\s*\|\s*/);
  /** @type {any} */
  let result = head(first, scope, helpers);
  for (const filter of filters) result = filtered(result, filter, scope);
  return String(result);
}

/** @param {string} call @param {Scope} scope @param {Map<string, string>} helpers @returns {any} */
function head(call, scope, helpers) {
  const [, name] = /^include "([^"]+)" \.$/.exec(call) ?? [];
  if (name !== undefined) {
    const body = helpers.get(name);
    if (body === undefined) throw new Error(`no template ${name}`);
    return render(body, scope, helpers);
  }
  const [, path] = /^toYaml (\S+)$/.exec(call) ?? [];
  return path === undefined ? value(call, scope) : stringify(value(path, scope)).trimEnd();
}

/** @param {any} input @param {string} filter @param {Scope} scope @returns {any} */
function filtered(input, filter, scope) {
  const [name = '', argument = ''] = filter.split(' ');
  switch (name) {
    case 'quote':
      return JSON.stringify(String(input));
    case 'default':
      return input === '' || input === undefined ? value(argument, scope) : input;
    case 'nindent':
      return `\n${String(input).replaceAll(/^/gm, ' '.repeat(Number(argument)))}`;
    default:
      throw new Error(`no filter ${filter}`);
  }
}

/** @param {string} path @param {Scope} scope @returns {any} */
function value(path, scope) {
  if (!/^(\.\w+)+$/.test(path)) throw new Error(`not understood: ${path}`);
  /** @type {any} */
  let at = scope;
  for (const key of path.slice(1).split('.')) {
    if (typeof at !== 'object' || at === null || !(key in at)) throw new Error(`no value ${path}`);
    at = at[key];
  }
  return at;
}
