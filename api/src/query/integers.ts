/** Query text to integers. Ajv's own coercion would take 1e3, 0x10 and " 7 " for numbers. */
import type { FastifyRequest } from 'fastify';

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
}

/** Before validation: digits become a number; anything else stays text, and the schema refuses it. */
export async function readIntegers(request: FastifyRequest): Promise<void> {
  const schema = request.routeOptions.schema?.querystring as ObjectSchema | undefined;
  const query = request.query as Record<string, unknown>;
  for (const [key, { type }] of Object.entries(schema?.properties ?? {})) {
    const text = query[key];
    if (type === 'integer' && typeof text === 'string' && /^-?\d{1,15}$/.test(text))
      query[key] = Number(text);
  }
}
