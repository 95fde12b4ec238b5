import { GAP_LOOK_MS, gapOf } from '../gaps.js';
import { bound } from '../request.js';
import type { Gap, GapsRequest } from '../types.js';
import { Statement, inRange } from './statement.js';

/** SQL for the windows that do not start where the one before them ended, with both. */
export function gapsSql({ filter, fromMs, toMs, limit }: GapsRequest): {
  sql: string;
  values: Statement['values'];
} {
  const statement = new Statement();
  const around = { fromMs: fromMs - GAP_LOOK_MS, toMs: toMs + GAP_LOOK_MS };
  const sql = `WITH seen AS (
      SELECT cluster, node, boot, start_ms, seq, lag(boot) OVER w AS boot_before,
        lag(end_ms) OVER w AS end_before, lag(seq) OVER w AS seq_before
      FROM windows JOIN boots USING (boot) WHERE ${inRange(statement, around, filter)}
      WINDOW w AS (PARTITION BY cluster, node ORDER BY start_ms))
    SELECT cluster, node, end_before, start_ms, boot = boot_before AS same_boot,
      seq::HUGEINT - seq_before::HUGEINT AS seqs
    FROM seen WHERE start_ms > end_before AND start_ms > ${statement.integer(bound(fromMs))}
      AND end_before < ${statement.integer(bound(toMs))}
    ORDER BY end_before, cluster, node LIMIT ${statement.integer(BigInt(limit))}`;
  return { sql, values: statement.values };
}

export function gapsResult(rows: readonly Record<string, unknown>[]): Gap[] {
  return rows.map(({ cluster, node, end_before, start_ms, same_boot, seqs }) =>
    gapOf({
      cluster: cluster as string,
      node: node as string,
      sameBoot: same_boot as boolean,
      fromMs: Number(end_before),
      toMs: Number(start_ms),
      seqs: seqs as bigint,
    }),
  );
}
