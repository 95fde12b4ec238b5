import { HttpError } from '@influxdata/influxdb-client';
import type { Transport } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';
import type { InfluxOptions } from './open.js';

/**
 * Makes the bucket, with no end to what it keeps. Another process that made it meanwhile is as good.
 * @throws StoreError where the token may not, HttpError where the organization is not there
 */
export async function makeBucket(transport: Transport, { org, bucket }: InfluxOptions): Promise<void> {
  const path = `/api/v2/orgs?${new URLSearchParams({ org })}`;
  const { orgs } = (await transport.request(path, '', { method: 'GET' })) as { orgs?: { id: string }[] };
  const body = JSON.stringify({ orgID: orgs?.[0]?.id, name: bucket, retentionRules: [] });
  try {
    await transport.request('/api/v2/buckets', body, { method: 'POST' });
  } catch (error) {
    if (error instanceof HttpError && /already exists/.test(error.message)) return;
    throw new StoreError(
      `there is no bucket ${bucket} (DENTRYSCOPE_INFLUX_BUCKET) that DENTRYSCOPE_INFLUX_TOKEN may use in ${org}, ` +
        `and it could not be made: ${(error as Error).message}`,
      true,
      { cause: error },
    );
  }
}
