import { isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';

/** One thing wrong in a YAML text; line and column count from 1. */
export interface YamlFault {
  readonly line: number;
  readonly column: number;
  /** Dotted path of the value; empty for faults of the text itself. */
  readonly path: string;
  readonly message: string;
}

export type YamlRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly YamlFault[] };

/**
 * Reads YAML 1.2 core data into `schema`'s value. Repeated keys, anchors, aliases and everything the schema refuses
 * are faults; all of them are reported, in order of place. Nothing in the text is executed.
 */
export function readYaml<T>(text: string, schema: z.ZodType<T>): YamlRead<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
  });
  const faultAt = (offset: number, path: string, message: string): YamlFault => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), path, message };
  };
  const faults = document.errors.map((error) => faultAt(error.pos[0], '', error.message));
  visit(document, {
    Alias: (_key, node) => {
      faults.push(faultAt(node.range?.[0] ?? 0, '', 'aliases (*) are not allowed'));
    },
    Value: (_key, node) => {
      if (node.anchor === undefined) return;
      faults.push(faultAt(node.range?.[0] ?? 0, '', 'anchors (&) are not allowed'));
    },
  });
  if (faults.length > 0) return { ok: false, faults: inOrder(faults) };
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (parsed.success) return { ok: true, value: parsed.data };
  const issues = parsed.error.issues.flatMap((issue) =>
    placesOf(document, issue).map(({ offset, path }) =>
      faultAt(offset, path, messageOf(document, issue)),
    ),
  );
  return { ok: false, faults: inOrder(issues) };
}

/** `line 3, column 5: policy.minCohort: …`, one fault a line. */
export function formatFaults(faults: readonly YamlFault[]): string {
  return faults
    .map(({ line, column, path, message }) => {
      const where = path === '' ? '' : `${path}: `;
      return `  line ${line}, column ${column}: ${where}${message}`;
    })
    .join('\n');
}

interface Place {
  readonly offset: number;
  readonly path: string;
}

function placesOf(document: Document, issue: z.core.$ZodIssue): Place[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') {
    return [{ offset: offsetOf(document, issue.path), path: path.join('.') }];
  }
  return issue.keys.map((key) => ({
    offset: keyOffset(document, [...issue.path, key]),
    path: [...path, key].join('.'),
  }));
}

function messageOf(document: Document, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'is not known here';
  const isMissing = issue.path.length > 0 && !document.hasIn(issue.path);
  return isMissing ? 'is missing' : issue.message;
}

/** Where the value at `path` stands; for a missing one, its nearest parent. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  const name = String(path.at(-1));
  if (!isMap(parent)) return offsetOf(document, path);
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === name);
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}

function inOrder(faults: readonly YamlFault[]): readonly YamlFault[] {
  return faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
