/**
 * The request of a write. Not the client's: that takes every answer below 300 for a written one, and compresses harder
 * than a write can afford. Not fetch: that refuses some ports, and follows a redirection with a GET.
 */
import { once } from 'node:events';
import { request as http } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as https } from 'node:https';
import { text } from 'node:stream/consumers';
import { openGzip } from '@dentryscope/gzip';
import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';

export interface PostOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Authorities that may have signed its certificate; without `ca` those that Node knows. */
  readonly tls: { readonly ca?: Buffer };
}

/** Says that all of the write is durable; no other answer does. */
const WRITTEN = 204;

/**
 * Resolves when InfluxDB has said the whole of its 204.
 * @throws HttpError for any other answer, RequestTimedOutError, or the socket's own error
 */
export async function post(options: PostOptions, path: string, body: string | Buffer): Promise<void> {
  const zipped = await openGzip().compress(typeof body === 'string' ? Buffer.from(body) : body);
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await answer(options, path, zipped, signal);
    const said = await text(response);
    if (response.statusCode !== WRITTEN) throw errorOf(response, said);
  } catch (error) {
    throw signal.aborted ? new RequestTimedOutError() : error;
  }
}

async function answer({ url, token, tls }: PostOptions, path: string, body: Uint8Array, signal: AbortSignal) {
  const headers = {
    authorization: `Token ${token}`,
    'content-type': 'text/plain; charset=utf-8',
    'content-encoding': 'gzip',
    'content-length': body.length,
  };
  const address = new URL(url.replace(/\/+$/, '') + path);
  const send = address.protocol === 'https:' ? https : http;
  const request = send(address, { ...tls, method: 'POST', headers, signal });
  request.end(body);
  // Rejects with the request's error.
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

function errorOf({ statusCode, statusMessage, headers }: IncomingMessage, said: string): HttpError {
  const type = headers['content-type'];
  return new HttpError(statusCode!, statusMessage, said, headers['retry-after'], type, undefined, headers);
}
