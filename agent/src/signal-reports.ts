/** Reports of hooks that are no BPF programs. */
import type { HookReport } from './signal.js';

/** @param refused why it can't be had; undefined: it is there */
export function hookReport(
  hook: string,
  backend: string,
  refused: string | undefined,
  { perCgroup = false, missed = 0n }: Partial<Pick<HookReport, 'perCgroup' | 'missed'>> = {},
): HookReport {
  const tried = refused === undefined ? [] : [{ backend, error: refused }];
  const seen = refused === undefined;
  return {
    hook,
    backend: seen ? backend : null,
    tried,
    includesPseudo: false,
    perCgroup: seen && perCgroup,
    missed,
  };
}
