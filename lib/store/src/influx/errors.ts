import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';
import type { ServerOptions } from './server.js';
import { retryAfterMs } from './retry-after.js';

/** InfluxDB quotes lines that it can't read. */
const LONGEST_WORDS = 1000;

export const BUCKET_SETTING = 'DENTRYSCOPE_INFLUX_BUCKET';

/** Another process, or the next start, will take it. */
export const closedError = () => new StoreError('the InfluxDB store is closed', true);

/**
 * Anything but a refusal of the data itself may be tried again: a setting that is wrong is mended by its operator,
 * and until then nothing must be thrown away.
 */
export function toStoreError(error: unknown, options: ServerOptions): StoreError {
  if (error instanceof StoreError) return error;
  const at = `InfluxDB at ${options.url} (DENTRYSCOPE_INFLUX_URL)`;
  if (error instanceof HttpError) return ofStatus(error, at, options);
  const why =
    error instanceof RequestTimedOutError ? 'does not answer in time' : `cannot be reached: ${reason(error)}`;
  return new StoreError(`${at} ${why}${hintFor(error as NodeJS.ErrnoException, options.url)}`, true, {
    cause: error,
  });
}

/** Node's codes of a TLS handshake that failed (nodejs.org/api/errors.html, "OpenSSL errors"). */
function hintFor({ code = '', message }: NodeJS.ErrnoException, url: string): string {
  if (/SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED/.test(code))
    return ' (DENTRYSCOPE_INFLUX_TLS_CA_FILE must name the authority that signed its certificate)';
  if (code === 'CERT_HAS_EXPIRED') return ' (its certificate has to be renewed there)';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return ' (its certificate is for other names than the URL has)';
  if (/wrong version number/.test(message)) return ' (it may speak http, not https)';
  return hungUpOnHttp(code, url) ? ' (where it speaks TLS, the URL has to begin with https://)' : '';
}

/**
 * Go answers plain HTTP at a TLS port and hangs up without having read the request; what of it was under way resets the
 * connection, and that often overtakes the answer.
 */
const hungUpOnHttp = (code: string, url: string) =>
  /^(ECONNRESET|EPIPE)$/.test(code) && url.startsWith('http:');

/** A refused connection to a name of several addresses has its reasons inside. */
function reason(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message.trim() || code || String(error);
}

/**
 * Wrong settings, not refused data: said with status 400 too, to a query. From their beginning, since a refused line that InfluxDB
 * quotes may have any words in it.
 */
const NO_ORGANIZATION = /^(?:failed to decode request body: )?organization name "/;
/** Go's answer to plain HTTP. */
const PLAIN_HTTP = /^(?:400 Bad Request : )?Client sent an HTTP request to an HTTPS server/;

/** InfluxDB's own words are in `message`, e.g. `organization name "x" not found`. */
function ofStatus(
  error: HttpError,
  at: string,
  { org, bucket, bucketSetting = BUCKET_SETTING }: ServerOptions,
): StoreError {
  const { statusCode: status, headers } = error;
  const message = error.message.trim().slice(0, LONGEST_WORDS);
  const said = `${at} answers ${status}: ${message}.`;
  const patience = {
    cause: error,
    retryAfterMs: retryAfterMs(headers?.['retry-after'] as string | undefined),
  };
  const may = (text: string) => new StoreError(`${said} ${text}`, true, patience);
  if (status === 401 || status === 403)
    return may(
      `DENTRYSCOPE_INFLUX_TOKEN (or _TOKEN_FILE) must be a token that may use bucket ${bucket} of ${org}.`,
    );
  if (PLAIN_HTTP.test(message)) return may('The URL has to begin with https://.');
  if (NO_ORGANIZATION.test(message)) return may('DENTRYSCOPE_INFLUX_ORG names the organization.');
  if (isBucketMissing(error)) return may(`${bucketSetting} names the bucket.`);
  const refused = status === 400 || status === 413 || status === 422;
  return refused
    ? new StoreError(said, false, { cause: error })
    : may('It may be another server than InfluxDB v2, or busy.');
}

/** InfluxDB 2.7.12, and those before it. It says so only where nothing else is wrong with the request. */
const EXPIRED =
  /partial write: (?:dropped (\d+) points outside retention policy|points beyond retention policy dropped=(\d+))/;

/** How many points of a write were refused for being older than the bucket keeps; all others are in then. */
export function expiredPoints(error: unknown): number {
  const [, newer, older] = (error instanceof StoreError && EXPIRED.exec(error.message)) || [];
  return Number(newer ?? older ?? 0);
}

/** Also said where the token may not see the bucket. */
export function isBucketMissing(error: unknown): boolean {
  return error instanceof HttpError && error.statusCode === 404 && /bucket/.test(error.message);
}

/** InfluxDB makes a bucket's record first and its storage after it: said in between, as of a fault of its own. */
export function isBucketInTheMaking(error: unknown): boolean {
  return error instanceof HttpError && error.statusCode === 500 && /database not found/.test(error.message);
}
