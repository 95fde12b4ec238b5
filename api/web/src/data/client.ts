/** The API, as the page asks it. */
import type { ProblemBody } from '@dentryscope/contracts';
import { parseExact } from './exact-json.js';

/**
 * A network that swallows packets must not look like an API that thinks: that says so by itself after 30 s, where
 * DENTRYSCOPE_API_QUERY_TIMEOUT is left as it is.
 */
const PATIENCE_MS = 35_000;
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

function problemOf({ headers, status, statusText }: Response, text: string): ApiProblem {
  const isProblem = headers.get('content-type')?.includes('problem+json');
  const body = isProblem ? (JSON.parse(text) as ProblemBody) : undefined;
  return new ApiProblem(status, body?.detail ?? `HTTP ${status} ${statusText}`);
}

/** All of it: an answer that begins and never ends is none. @throws Unreachable */
async function answerTo(url: string, request: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(url, request);
    return { response, text: await response.text() };
  } catch (cause) {
    throw new Unreachable('no answer', { cause });
  }
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
  const { response, text } = await answerTo(address(path, query), request);
  if (!response.ok) throw problemOf(response, text);
  return parseExact(text) as T;
}
