/** Whether a question reaches back to hours that are rolled up, and what it becomes then. */
import { wholeHours } from '../../hour.js';
import type { SeriesRequest, TopRequest } from '../../types.js';
import type { Ask } from '../flux.js';
import type { Ages } from './ages.js';
import { rolledUntilMs } from './rolled.js';
import { split } from './split.js';
import type { Split } from './split.js';

export interface PastOptions {
  readonly bucket: string;
  readonly ages: Ages;
  /** How long windows are kept, in milliseconds. */
  readonly retentionMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class Past {
  constructor(private readonly options: PastOptions) {}

  get bucket(): string {
    return this.options.bucket;
  }

  /** @param ask of the bucket of hours, which may be missing */
  async split<R extends TopRequest | SeriesRequest>(request: R, ask: Ask): Promise<Split<R>> {
    const { bucket, ages, retentionMs, now } = this.options;
    if (request.fromMs >= now() - ages.lateMs) return { windows: request };
    const rolledMs = await rolledUntilMs(ask, bucket);
    if (rolledMs === undefined) return { windows: request };
    return split(request, { rolledMs, windowsMs: Math.min(rolledMs, wholeHours(now() - retentionMs)) });
  }
}
