import { SettingError } from '@dentryscope/runtime';
import type { Lifecycle } from '@dentryscope/runtime';
import { CommandError } from './command.js';

/** Ends a command by an error that comes from a part of it that runs by itself. */
export function endingByError(lifecycle: Lifecycle) {
  let fatal: Error | undefined;
  return {
    /** The first one counts. */
    onFatal: (error: Error): void => {
      fatal ??= error;
      lifecycle.end();
    },
    /** @throws CommandError, or SettingError, where an error ended it */
    ended: async (): Promise<void> => {
      await lifecycle.ended();
      if (fatal instanceof SettingError) throw fatal;
      if (fatal) throw new CommandError(fatal.message, { cause: fatal });
    },
  };
}
