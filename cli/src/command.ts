/** What every command is given, and what it promises. */
import type { Command, Settings } from '@dentryscope/contracts';
import type { Lifecycle, Logger, Registry } from '@dentryscope/runtime';

export interface Context {
  readonly settings: Settings;
  readonly positionals: readonly string[];
  readonly logger: Logger;
  readonly registry: Registry;
  readonly lifecycle: Lifecycle;
  readonly version: string;
}

export interface CommandModule {
  readonly name: Command;
  /** After `dentryscope NAME`, e.g. `FILE|-`. */
  readonly usage: string;
  readonly summary: string;
  readonly details?: string;
  /** How many words it takes besides flags. */
  readonly positionals: { readonly min: number; readonly max: number };
  /** Resolves when the work is done or `lifecycle` has ended; what it opened it gave to `lifecycle.onClose`. */
  run(context: Context): Promise<number | void>;
}

/** As shells say it of a command that was ended by Ctrl-C. */
const INTERRUPTED_STATUS = 130;

/** @param left what there is of its work @returns the exit status */
export function interrupted(left: string): number {
  process.stderr.write(`ended before it was done; ${left}\n`);
  return INTERRUPTED_STATUS;
}

/** Ends the command with status 1 and this message alone. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
