/** The closed list of API error codes, each with its HTTP status and title (RFC 9457 problem details). */
export const problems = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unknown_query_field: { status: 400, title: 'The query has a field this route does not know' },
  unknown_metric: { status: 400, title: 'There is no metric of this name' },
  unauthorized: { status: 401, title: 'A valid bearer token is required' },
  forbidden: { status: 403, title: 'The token lacks the scope for this route' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  too_much: { status: 422, title: 'The answer would exceed the row cap' },
  query_timeout: { status: 504, title: 'The query took longer than its time cap' },
  store_unavailable: { status: 503, title: 'The store does not answer' },
  not_ready: { status: 503, title: 'A part that this service needs does not work' },
  internal: { status: 500, title: 'A fault in dentryscope' },
} as const;

export type ProblemCode = keyof typeof problems;

/** An error whose message may be shown to the caller. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'Problem';
  }
}
