import type { TopAnswer } from '@dentryscope/contracts';
import type { TopResult } from '@dentryscope/store';

export function topItems({ rows }: TopResult): TopAnswer['items'] {
  return rows.map(({ owner, value }) => ({ ...owner, value }));
}
