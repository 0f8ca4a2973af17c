import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { apiError } from './errors.ts';

/**
 * Checks requests against their schemas as they are: nothing is coerced, filled in or left out,
 * which Fastify's own compiler does.
 */
export const checkSchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return { value };
    const [first] = validator.Errors(value);
    const where = `${httpPart}${first?.instancePath ?? ''}`;
    return {
      error: apiError('API_REQUEST_INVALID', { where, reason: first?.message ?? 'is wrong' }),
    };
  };
};
