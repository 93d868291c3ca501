import { utf8 } from '@tallystick/kernel';
import {
  Composer,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { schemaFaults } from './schema-faults.js';
import { yamlBounds } from './yaml-bounds.js';

/** One thing that is wrong in a file; line and column count from 1. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  /** E.g. `data.features[2].scale`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] };

interface Found {
  readonly offset: number;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** More than a person reads at once. */
const MAX_FAULTS = 100;

/**
 * Reads one YAML 1.2 document (core schema) by `schema` and reports all faults at once, in the order of the file.
 * Refused besides what the schema refuses: more than `maxBytes`, duplicate keys, anchors, aliases, tags, directives,
 * numbers that are not finite, lone surrogates, several documents.
 */
export function parseYaml<S extends z.ZodType>(
  schema: S,
  text: string,
  maxBytes: number,
): Parsed<z.output<S>> {
  const lines = new LineCounter();
  const failed = (found: readonly Found[]): Parsed<z.output<S>> => ({
    ok: false,
    faults: located(found, lines),
  });
  const bytes = utf8(text).length;
  if (bytes > maxBytes) {
    return failed([
      { offset: 0, path: [], message: `has ${bytes} bytes, the limit is ${maxBytes}` },
    ]);
  }
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const bound = yamlBounds(tokens);
  if (bound !== undefined) return failed([{ ...bound, path: [] }]);
  const composer = new Composer({ schema: 'core', stringKeys: true, prettyErrors: false });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined) return failed([{ offset: 0, path: [], message: 'is empty' }]);
  if (second !== undefined) {
    return failed([{ offset: second.range[0], path: [], message: 'only one document is allowed' }]);
  }
  const { found, readable } = syntaxFaults(document);
  if (document.contents === null) found.push({ offset: 0, path: [], message: 'is empty' });
  if (!readable || document.contents === null) return failed(found);
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  const result = schema.safeParse(value);
  if (result.success && found.length === 0) return { ok: true, value: result.data };
  const faults = result.success ? [] : schemaFaults(schema, value, result.error.issues);
  return failed([
    ...found,
    ...faults.map((fault) => ({ ...fault, offset: offsetOf(document, fault.path) })),
  ]);
}

/** What YAML itself or our subset of it refuses; `readable`: the schema can still judge the rest. */
function syntaxFaults(document: Document.Parsed): { found: Found[]; readable: boolean } {
  const found: Found[] = document.errors.map((error) => ({
    offset: error.pos[0],
    path: [],
    message: error.code === 'DUPLICATE_KEY' ? 'this key stands here twice' : error.message,
  }));
  let readable = document.errors.every((error) => error.code === 'DUPLICATE_KEY');
  const add = (offset: number, message: string): void => {
    found.push({ offset, path: [], message });
  };
  if (document.directives.yaml.explicit === true) add(0, 'directives are not allowed');
  visit(document, {
    Alias(_, { range }) {
      readable = false;
      add(range?.[0] ?? 0, 'aliases are not allowed');
    },
    Value(_, node) {
      const offset = node.range?.[0] ?? 0;
      if (node.anchor !== undefined) add(offset, `anchors are not allowed (&${node.anchor})`);
      if (node.tag !== undefined) add(offset, `tags are not allowed (${node.tag})`);
      if (!isScalar(node)) return;
      if (typeof node.value === 'number' && !Number.isFinite(node.value)) {
        add(offset, `${node.source ?? node.value} is not a finite number`);
      }
      if (typeof node.value === 'string' && /\p{Surrogate}/u.test(node.value)) {
        add(offset, 'holds a lone surrogate');
      }
    },
  });
  return { found, readable };
}

/** Start of the last key or list entry on `path` that exists. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      offset = startOf(pair?.key) ?? offset;
      node = pair?.value;
    } else {
      node = isSeq(node) ? node.items[Number(step)] : undefined;
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function located(found: readonly Found[], lines: LineCounter): readonly Fault[] {
  const faults = [...found]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, path, message }) => {
      const { line, col } = lines.linePos(offset);
      return { line: Math.max(1, line), column: Math.max(1, col), path: dotted(path), message };
    })
    .filter((fault, i, all) => !isSame(fault, all[i - 1]));
  const [first] = faults.slice(MAX_FAULTS);
  if (first === undefined) return faults;
  const more = { ...first, path: '', message: `and ${faults.length - MAX_FAULTS} more faults` };
  return [...faults.slice(0, MAX_FAULTS), more];
}

function isSame(a: Fault, b: Fault | undefined): boolean {
  return (
    b?.line === a.line && b.column === a.column && b.path === a.path && b.message === a.message
  );
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

/** One line per fault, `file:line:column path: message`, for a terminal or an error's meta. */
export function formatFaults(fileName: string, faults: readonly Fault[]): string {
  return faults
    .map(
      ({ line, column, path, message }) =>
        `${fileName}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`,
    )
    .join('\n');
}
