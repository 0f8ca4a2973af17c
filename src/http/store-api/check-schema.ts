import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import type { Validator } from 'typebox/schema';
import { apiError } from './errors.ts';

/**
 * Checks requests against their schemas as they are: nothing is coerced, filled in or left out,
 * which Fastify's own compiler does. Of several faults the last is told, since TypeBox puts the
 * general one ("additionalProperties", with the name) behind the one that led to it. What checks is
 * loaded with the first request that has something to check: most stores answer pulls for days.
 */
export const checkSchema = (({ schema, httpPart = 'request' }) => {
  let compiled: Promise<Validator> | undefined;
  return async (value: unknown) => {
    compiled ??= compile(schema);
    const validator = await compiled;
    if (validator.Check(value)) return;
    const [, faults] = validator.Errors(value);
    const fault = faults.at(-1);
    const where = `${httpPart}${fault?.instancePath ?? ''}`;
    throw apiError('API_REQUEST_INVALID', { where, reason: reasonOf(fault) });
  };
}) as FastifySchemaCompiler<TSchema>;

async function compile(schema: TSchema): Promise<Validator> {
  // Not of typebox/compile, which is the same and much else that would stay in memory.
  const { Compile } = await import('typebox/schema');
  return Compile(schema);
}

type Fault = ReturnType<Validator['Errors']>[1][number] | undefined;

/** What is wrong, with the names and values that would be right. */
function reasonOf(fault: Fault): string {
  const message = fault?.message ?? 'is not right';
  switch (fault?.keyword) {
    case 'enum':
      return `${message}: ${fault.params.allowedValues.join(', ')}`;
    case 'additionalProperties':
      return `${message}: ${fault.params.additionalProperties.join(', ').slice(0, 100)}`;
    default:
      return message;
  }
}
