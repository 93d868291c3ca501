import { assertNever } from '@tallystick/kernel';
import { z } from 'zod';
import { closest } from './closest.js';

/** One fault of a value against its schema, in words. `path` may name a key that is not there. */
export interface SchemaFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** Every fault behind `issues`; `schema` and `value` are what was parsed, for suggestions and quotations. */
export function schemaFaults(
  schema: z.ZodType,
  value: unknown,
  issues: readonly Issue[],
): readonly SchemaFault[] {
  return issues.flatMap((issue) => {
    const at = issue.path.reduce(stepInto, { schemas: unwrap(schema), value });
    return faultsOf(issue, at).map(({ path, message }) => ({
      path: [...issue.path, ...path],
      message,
    }));
  });
}

/** Where an issue points: the value there and the schemas it may follow (several below a union). */
interface Place {
  readonly schemas: readonly z.ZodType[];
  readonly value: unknown;
}

function stepInto({ schemas, value }: Place, key: PropertyKey): Place {
  return {
    schemas: schemas.flatMap((schema) => childrenOf(schema, key)).flatMap(unwrap),
    value: isObject(value) ? value[key] : undefined,
  };
}

function childrenOf(schema: z.ZodType, key: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child: unknown = Object.hasOwn(schema.shape, key) ? schema.shape[String(key)] : undefined;
    return child instanceof z.ZodType ? [child] : [];
  }
  return schema instanceof z.ZodArray && schema.element instanceof z.ZodType
    ? [schema.element]
    : [];
}

/** The object, array, union … behind optional and default; a union gives all its options. */
function unwrap(schema: z.ZodType): z.ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    const inner = schema.unwrap();
    return inner instanceof z.ZodType ? unwrap(inner) : [];
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => (option instanceof z.ZodType ? unwrap(option) : []));
  }
  return [schema];
}

function faultsOf(issue: Issue, at: Place): readonly SchemaFault[] {
  const here = (message: string): SchemaFault[] => [{ path: [], message }];
  const got = `got ${show(at.value)}`;
  switch (issue.code) {
    case 'unrecognized_keys':
      // Of a union, zod reports these as they are when just one option has no worse fault.
      return at.schemas.length > 1
        ? unionFaults([], at)
        : unknownKeys(issue.keys, keysOf(at.schemas));
    case 'invalid_union':
      return unionFaults(issue.errors, at);
    case 'invalid_type':
    case 'invalid_value':
      if (at.value === undefined) return here('is required');
      return here(`must be ${list(at.schemas.flatMap(describe), 'or')}, ${got}${hint(at)}`);
    case 'too_small': {
      const bound = issue.inclusive === false ? 'greater than' : 'at least';
      return here(`must ${sized(issue.origin, `${bound} ${issue.minimum}`)}, ${got}`);
    }
    case 'too_big': {
      const bound = issue.inclusive === false ? 'less than' : 'at most';
      return here(`must ${sized(issue.origin, `${bound} ${issue.maximum}`)}, ${got}`);
    }
    case 'invalid_format':
      return here(`must be ${issue.message}, ${got}`);
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      return here(issue.message);
    default:
      return assertNever(issue);
  }
}

/** A union's faults are those of the option that was meant; without one, what the options are. */
function unionFaults(errors: readonly (readonly Issue[])[], at: Place): readonly SchemaFault[] {
  const { schemas, value } = at;
  if (value === undefined) return [{ path: [], message: 'is required' }];
  const objects = schemas.filter((schema) => schema instanceof z.ZodObject);
  if (!isObject(value) || Array.isArray(value) || objects.length === 0) {
    const options = list(schemas.flatMap(describe), 'or');
    return [{ path: [], message: `must be ${options}, got ${show(value)}${hint(at)}` }];
  }
  const known = keysOf(objects);
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0) return unknownKeys(unknown, known);
  const telling = known.filter(
    (key) => !objects.every((option) => Object.hasOwn(option.shape, key)),
  );
  const given = telling.filter((key) => Object.hasOwn(value, key));
  const meant = errors.filter((_, i) => {
    const option = schemas[i];
    return option instanceof z.ZodObject && given.every((key) => Object.hasOwn(option.shape, key));
  });
  if (given.length > 0 && meant.length === 0) {
    return [{ path: [], message: `${list(given, 'and')} exclude each other` }];
  }
  const [only] = meant;
  if (given.length === 0 || only === undefined) {
    return [{ path: [], message: `needs one of ${list(telling, 'or')}` }];
  }
  const option = schemas[errors.indexOf(only)];
  return option === undefined ? [] : schemaFaults(option, value, only);
}

function unknownKeys(keys: readonly string[], known: readonly string[]): SchemaFault[] {
  return keys.map((key) => {
    const near = closest(key, known);
    const advice = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
    return { path: [key], message: `is not a known key; ${advice}` };
  });
}

function keysOf(schemas: readonly z.ZodType[]): string[] {
  const keys = schemas.flatMap((schema) =>
    schema instanceof z.ZodObject ? Object.keys(schema.shape) : [],
  );
  return [...new Set(keys)];
}

function wordsOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  return schema instanceof z.ZodLiteral ? [...schema.values].map(String) : [];
}

function describe(schema: z.ZodType): string[] {
  const words = wordsOf(schema);
  if (words.length > 0) return words;
  if (schema instanceof z.ZodObject) return [`{ ${Object.keys(schema.shape).join(', ')} }`];
  if (schema instanceof z.ZodArray) return ['a list'];
  if (schema instanceof z.ZodNumber) return [schema.isInt ? 'a whole number' : 'a finite number'];
  return [schema instanceof z.ZodString ? 'a text' : schema.type];
}

function hint({ schemas, value }: Place): string {
  const near = typeof value === 'string' ? closest(value, schemas.flatMap(wordsOf)) : undefined;
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function sized(origin: string, bound: string): string {
  if (origin === 'array') return `have ${bound} entries`;
  return origin === 'string' ? `have ${bound} characters` : `be ${bound}`;
}

function list(words: readonly string[], join: 'and' | 'or'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${join} ${last}`;
}

function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}
