/** The API, as the page asks it. */
import type { ProblemBody } from '@dentryscope/contracts';
import { parseExact } from './exact-json.js';

/** A network that swallows packets must not look like an API that thinks. */
const PATIENCE_MS = 15_000;
const TOKEN_KEY = 'dentryscope-token';

/** For this tab alone, and gone with it. */
export const token = {
  get: () => sessionStorage.getItem(TOKEN_KEY) ?? '',
  set: (value: string) => sessionStorage.setItem(TOKEN_KEY, value),
};

/** The API answered, with a problem. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** No answer came. */
export class Unreachable extends Error {}

async function problemOf(response: Response): Promise<ApiProblem> {
  const isProblem = response.headers.get('content-type')?.includes('problem+json');
  const body = isProblem ? ((await response.json()) as ProblemBody) : undefined;
  return new ApiProblem(response.status, body?.detail ?? `HTTP ${response.status} ${response.statusText}`);
}

export type Query = Record<string, string | number | undefined>;

function address(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return given.length > 0 ? `${path}?${search}` : path;
}

/** @param path without a leading slash: the page may live below a path @throws ApiProblem, Unreachable */
export async function get<T>(path: string, query: Query, signal: AbortSignal): Promise<T> {
  const bearer = token.get();
  const headers: HeadersInit = bearer === '' ? {} : { authorization: `Bearer ${bearer}` };
  const patient = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const request = { headers, signal: patient, cache: 'no-store' } as const;
  const response = await fetch(address(path, query), request).catch((cause: unknown) => {
    throw new Unreachable('no answer', { cause });
  });
  if (!response.ok) throw await problemOf(response);
  return parseExact(await response.text()) as T;
}
