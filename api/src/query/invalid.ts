/** What Ajv says against a request, in the words of the one who asked. */
import type { FastifySchemaValidationError } from 'fastify';
import { Problem } from '@dentryscope/contracts';

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
}
type Fault = Pick<FastifySchemaValidationError, 'keyword' | 'instancePath' | 'params'> & { message?: string };

const shown = (value: unknown) => String(value).slice(0, 100);

function unknownField(fault: Fault, route: string, schema: ObjectSchema): Problem {
  const known = Object.keys(schema.properties ?? {}).join(', ');
  const name = shown(fault.params['additionalProperty']);
  return new Problem('unknown_query_field', `${name} is no field of ${route}. It knows: ${known}.`);
}

function complaint(fault: Fault, value: unknown, schema: ObjectSchema, field: string): string {
  const text = `${field}=${shown(value)}`;
  if (Array.isArray(value)) return `${field} is given ${value.length} times; once is meant.`;
  switch (fault.keyword) {
    case 'enum':
      return `${text} is none of ${(fault.params['allowedValues'] as string[]).join(', ')}.`;
    case 'type':
      return `${text} is no ${fault.params['type'] === 'integer' ? 'whole number' : shown(fault.params['type'])}.`;
    case 'minLength':
      return `${field} is empty; leave it out, or say which.`;
    case 'pattern':
      return `${text} does not have the form of this field: ${schema.properties?.[field]?.description ?? ''}`;
    default:
      return `${text} ${fault.message ?? 'is not valid'}.`;
  }
}

/** The fault that helps most is told: an unknown field explains the missing one that it was meant to be. */
export function invalid(
  faults: readonly Fault[],
  route: string,
  given: Record<string, unknown>,
  schema: ObjectSchema,
): Problem {
  const unknown = faults.find((fault) => fault.keyword === 'additionalProperties');
  if (unknown) return unknownField(unknown, route, schema);
  const fault = faults.find(({ keyword }) => keyword === 'required') ?? faults[0];
  if (!fault) return new Problem('invalid_request', `${route} can't read this request.`);
  if (fault.keyword === 'required') {
    const field = shown(fault.params['missingProperty']);
    const about = schema.properties?.[field]?.description;
    return new Problem('invalid_request', `${field} is missing.${about ? ` ${about}.` : ''}`);
  }
  const field = fault.instancePath.split('/')[1] ?? '';
  return new Problem('invalid_request', complaint(fault, given[field], schema, field));
}
