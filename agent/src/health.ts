/** What the agent says of itself. */
import type { NodeBatchInit } from '@dentryscope/contracts';
import type { HookReport } from './signal.js';

type HealthInit = Exclude<NonNullable<NodeBatchInit['health']>, { $typeName: string }>;

const reasons = (hook: HookReport): string =>
  hook.tried.map(({ backend, error }) => `${backend}: ${error}`).join('; ');

export function hookStatuses(hooks: readonly HookReport[]): NonNullable<HealthInit['hooks']> {
  return hooks.map((hook) => ({
    hook: hook.hook,
    backend: hook.backend ?? '',
    reason: reasons(hook),
    includesPseudo: hook.includesPseudo,
    perCgroup: hook.perCgroup,
    missed: hook.missed,
  }));
}

/** A sentence for each counter that is absent or less than it says. */
export function degradedSentences(hooks: readonly HookReport[]): string[] {
  if (hooks.length === 0) return ['No kernel hook is attached (backend none): counters are absent.'];
  return hooks.flatMap((hook) => {
    if (hook.backend === null) return [`${hook.hook} is not measured: ${reasons(hook)}`];
    if (hook.missed > 0n) return [`${hook.hook}: the kernel left out ${hook.missed} events`];
    return [];
  });
}
