/** Windows that waited for a broker: all of them come, whatever their order. */

/** Windows that wait in the agent's spool. */
export async function spooled(address: string): Promise<number> {
  const metrics = await (await fetch(`${address}/metrics`)).text();
  return Number(/^agent_spool_windows(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? 0);
}

interface Window {
  readonly seq: bigint;
  readonly windowEndMs: bigint;
}

/** @returns whether no number between the first and the last is missing, `waited` of them over before `thenMs` */
export const complete = (windows: readonly Window[], waited: number, thenMs: number): boolean =>
  withoutGap(windows) && windows.filter(({ windowEndMs }) => Number(windowEndMs) <= thenMs).length >= waited;

function withoutGap(windows: readonly Window[]): boolean {
  const seqs = [...new Set(windows.map(({ seq }) => seq))].sort((a, b) => Number(a - b));
  return seqs.length > 0 && seqs.at(-1)! - seqs[0]! === BigInt(seqs.length - 1);
}

/** For a failure's message. */
export const told = (windows: readonly Window[]): string =>
  windows.map(({ seq, windowEndMs }) => `${seq} until ${windowEndMs}`).join(', ') || 'no window';
