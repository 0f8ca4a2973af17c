import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { apiError } from './errors.ts';

/**
 * Checks requests against their schemas as they are: nothing is coerced, filled in or left out,
 * which Fastify's own compiler does. It knows the keywords that schemas.ts uses; a schema with
 * another one is a mistake of ours, found when the route is registered.
 */
export const checkSchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = compile(schema);
  return (value) => {
    const problem = check(value, httpPart ?? 'request');
    if (problem === undefined) return { value };
    const [where, reason] = problem;
    return { error: apiError('API_REQUEST_INVALID', { where, reason }) };
  };
};

type Problem = readonly [where: string, reason: string];
type Check = (value: unknown, path: string) => Problem | undefined;

interface Keywords {
  readonly [keyword: string]: unknown;
  readonly type?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly unknown[];
  readonly items?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
}

function compile(schema: unknown): Check {
  const keywords = schema as Keywords;
  if (keywords.anyOf) return anyOf(only(keywords, ['anyOf']));
  if (keywords.enum) return oneOf(only(keywords, ['type', 'enum']));
  switch (keywords.type) {
    case 'object':
      return object(only(keywords, ['type', 'properties', 'required', 'additionalProperties']));
    case 'array':
      return array(only(keywords, ['type', 'items', 'minItems', 'maxItems']));
    case 'string':
      return string(only(keywords, ['type', 'minLength', 'maxLength', 'pattern']));
    case 'boolean':
      return plain(
        only(keywords, ['type']),
        (value) => typeof value === 'boolean',
        'true or false',
      );
    case 'null':
      return plain(only(keywords, ['type']), (value) => value === null, 'null');
    case 'integer':
      return plain(only(keywords, ['type']), Number.isSafeInteger, 'a whole number');
    default:
      throw new TypeError(`a request schema of type ${String(keywords.type)} is not known here`);
  }
}

/** A keyword that is not checked would let everything through. */
function only(keywords: Keywords, known: readonly string[]): Keywords {
  const other = Object.keys(keywords).find(
    (name) => !name.startsWith('~') && !known.includes(name),
  );
  if (other !== undefined) throw new TypeError(`a request schema has the keyword ${other}`);
  return keywords;
}

function object(keywords: Keywords): Check {
  const properties = new Map(
    Object.entries(keywords.properties ?? {}).map(([name, schema]) => [name, compile(schema)]),
  );
  const isClosed = keywords.additionalProperties === false;
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return [path, 'must be an object'];
    }
    const entries = new Map(Object.entries(value));
    const missing = keywords.required?.find((name) => !entries.has(name));
    if (missing !== undefined) return [`${path}/${missing}`, 'is missing'];
    for (const [name, inner] of entries) {
      const check = properties.get(name);
      if (!check && isClosed) return [`${path}/${name.slice(0, 50)}`, 'is not known here'];
      const problem = check?.(inner, `${path}/${name}`);
      if (problem) return problem;
    }
    return undefined;
  };
}

function array({ items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Keywords): Check {
  const check = compile(items);
  return (value, path) => {
    if (!Array.isArray(value)) return [path, 'must be an array'];
    if (value.length < minItems) return [path, `must have at least ${minItems} items`];
    if (value.length > maxItems) return [path, `must have at most ${maxItems} items`];
    for (const [index, inner] of value.entries()) {
      const problem = check(inner, `${path}/${index}`);
      if (problem) return problem;
    }
    return undefined;
  };
}

function string({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern }: Keywords): Check {
  const shape = pattern === undefined ? undefined : new RegExp(pattern);
  return (value, path) => {
    if (typeof value !== 'string') return [path, 'must be a text'];
    if (value.length < minLength) return [path, `must have at least ${minLength} characters`];
    if (value.length > maxLength) return [path, `must have at most ${maxLength} characters`];
    if (shape && !shape.test(value)) return [path, `must match ${pattern}`];
    return undefined;
  };
}

function oneOf({ enum: values = [] }: Keywords): Check {
  return (value, path) =>
    values.includes(value) ? undefined : [path, `must be one of ${values.join(', ')}`];
}

function anyOf({ anyOf: schemas = [] }: Keywords): Check {
  const checks = schemas.map(compile);
  return (value, path) => {
    let first: Problem | undefined;
    for (const check of checks) {
      const problem = check(value, path);
      if (problem === undefined) return undefined;
      first ??= problem;
    }
    return first;
  };
}

function plain(_keywords: Keywords, holds: (value: unknown) => boolean, what: string): Check {
  return (value, path) => (holds(value) ? undefined : [path, `must be ${what}`]);
}
