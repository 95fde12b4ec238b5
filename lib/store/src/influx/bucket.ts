/** The bucket: made where it is missing, and otherwise its operator's. */
import { HttpError } from '@influxdata/influxdb-client';
import type { Transport } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';
import { BUCKET_SETTING } from './errors.js';
import type { ServerOptions } from './server.js';

/**
 * Makes the bucket. What is older than `retentionMs` leaves it, by whole shards of InfluxDB's own choice: a part of a
 * shard stays longer, none goes earlier. Another process that made it meanwhile is as good.
 * @throws StoreError where the token may not, HttpError where the organization is not there
 */
export async function makeBucket(
  transport: Transport,
  { org, bucket, bucketSetting = BUCKET_SETTING, retentionMs }: ServerOptions,
): Promise<void> {
  const path = `/api/v2/orgs?${new URLSearchParams({ org })}`;
  const { orgs } = (await transport.request(path, '', { method: 'GET' })) as { orgs?: { id: string }[] };
  const retentionRules =
    retentionMs === undefined ? [] : [{ type: 'expire', everySeconds: Math.ceil(retentionMs / 1000) }];
  const body = JSON.stringify({ orgID: orgs?.[0]?.id, name: bucket, retentionRules });
  try {
    await transport.request('/api/v2/buckets', body, { method: 'POST' });
  } catch (error) {
    if (error instanceof HttpError && /already exists/.test(error.message)) return;
    throw new StoreError(
      `there is no bucket ${bucket} (${bucketSetting}) that DENTRYSCOPE_INFLUX_TOKEN may use in ${org}, ` +
        `and it could not be made: ${(error as Error).message}`,
      true,
      { cause: error },
    );
  }
}

interface BucketAnswer {
  readonly buckets?: readonly {
    readonly retentionRules: readonly { readonly everySeconds: number }[];
  }[];
}

/** @returns milliseconds; 0: it keeps all; undefined: the token may not see the bucket. @throws HttpError */
export async function bucketRetentionMs(
  transport: Transport,
  { org, bucket }: ServerOptions,
): Promise<number | undefined> {
  const path = `/api/v2/buckets?${new URLSearchParams({ org, name: bucket })}`;
  const { buckets } = (await transport.request(path, '', { method: 'GET' })) as BucketAnswer;
  const [found] = buckets ?? [];
  return found && (found.retentionRules[0]?.everySeconds ?? 0) * 1000;
}
