/** Up to where hours are rolled up. */
import { StoreError } from '../../types.js';
import { isBucketMissing } from '../errors.js';
import { from } from '../flux.js';
import type { Ask } from '../flux.js';
import { ROLLED, UNTIL_FIELD } from './layout.js';

/** @returns Unix milliseconds, of a whole hour; undefined: none is, or there is no bucket of hours */
export async function rolledUntilMs(ask: Ask, bucket: string): Promise<number | undefined> {
  const source = from({ bucket, measurement: ROLLED, field: UNTIL_FIELD, fromMs: 0 });
  const rows = await ask(`${source} |> last()`, ['_value']).catch((error: unknown) => {
    if (error instanceof StoreError && isBucketMissing(error.cause)) return [];
    throw error;
  });
  return rows[0] && Number(rows[0][0]);
}
