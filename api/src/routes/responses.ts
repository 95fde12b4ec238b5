/** The problem responses of a route, by status, from the codes that it can end with. */
import { problems } from '@dentryscope/contracts';
import type { ProblemCode } from '@dentryscope/contracts';

interface ProblemResponse {
  description: string;
  content: { 'application/problem+json': { schema: { $ref: string } } };
}

export function problemResponses(...codes: ProblemCode[]): Record<number, ProblemResponse> {
  const responses: Record<number, ProblemResponse> = {};
  for (const code of codes) {
    const { status, title } = problems[code];
    const before = responses[status];
    responses[status] = {
      description: `${before ? `${before.description} · ` : ''}${title} (${code})`,
      content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
    };
  }
  return responses;
}

/** What every route that asks the store can end with. */
export const askProblems = [
  'invalid_request',
  'unknown_query_field',
  'unauthorized',
  'forbidden',
  'internal',
  'store_unavailable',
  'query_timeout',
] as const;

/** What stands in the documentation of every route that asks the store. */
export const asking = { tags: ['fleet'], security: [{ bearer: [] }] } as const;
