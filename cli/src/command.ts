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

/** Ends the command with status 1 and this message alone. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
