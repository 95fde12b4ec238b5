/** Whether a question reaches back to hours that are rolled up, and what it becomes then. */
import type { SeriesRequest, TopRequest } from '../../types.js';
import type { Ask } from '../flux.js';
import { droppedUntilMs, keptFromMs } from './ages.js';
import type { Plan } from './ages.js';
import { rolledUntilMs } from './rolled.js';
import { split } from './split.js';
import type { Split } from './split.js';

export class Past {
  /** @param now Unix milliseconds */
  constructor(
    private readonly plan: Plan,
    private readonly now: () => number,
  ) {}

  get bucket(): string {
    return this.plan.rollup.bucket;
  }

  /**
   * @param ask of the bucket of hours, which may be missing, or be hidden from the token: InfluxDB tells them alike. Before
   * the first roll-up all windows that are there answer
   */
  async split<R extends TopRequest | SeriesRequest>(request: R, ask: Ask): Promise<Split<R>> {
    const nowMs = this.now();
    if (request.fromMs >= nowMs - this.plan.lateMs) return { windows: request };
    const rolledMs = await rolledUntilMs(ask, this.bucket);
    if (rolledMs === undefined) return { windows: request };
    return split(request, {
      rolledMs,
      windowsMs: keptFromMs(this.plan.retentionMs, nowMs),
      droppedMs: droppedUntilMs(this.plan, nowMs),
      hoursMs: keptFromMs(this.plan.rollup.retentionMs, nowMs),
    });
  }
}
