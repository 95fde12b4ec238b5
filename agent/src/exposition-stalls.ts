/** Stalls of the node in the agent's /metrics. */
import type { NodeBatch } from '@dentryscope/contracts';
import { Counter, Gauge } from '@dentryscope/runtime';
import type { Registry } from '@dentryscope/runtime';

const counters = {
  softlockups: ['node_softlockups_total', 'Soft lockups in the kernel log.'],
  hardlockups: ['node_hardlockups_total', 'Hard lockups in the kernel log.'],
  rcuStalls: ['node_rcu_stalls_total', 'RCU stalls in the kernel log.'],
  hungTasks: ['node_hung_tasks_total', 'Hung tasks that the kernel found, or reported in its log.'],
} as const;

/** A series is made when there is a figure. */
export class StallExposition {
  readonly #counters = new Map<string, Counter>();
  #jitter: Gauge | undefined;

  constructor(private readonly registry: Registry) {}

  record({ state }: NodeBatch): void {
    const registers = [this.registry];
    for (const [field, [name, help]] of Object.entries(counters)) {
      const value = state?.[field as keyof typeof counters];
      if (value === undefined) continue;
      if (!this.#counters.has(name)) this.#counters.set(name, new Counter({ name, help, registers }));
      this.#counters.get(name)?.inc(Number(value));
    }
    if (state?.timerJitterMaxNs === undefined) return;
    this.#jitter ??= new Gauge({
      name: 'node_timer_jitter_max_seconds',
      help: 'The latest that a timer came in the last window, over all CPUs.',
      registers,
    });
    this.#jitter.set(Number(state.timerJitterMaxNs) / 1e9);
  }
}
