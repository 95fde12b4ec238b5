/** The transport of the settings, with this process's logger. */
import type { Logger } from '@dentryscope/runtime';
import type { OpenOptions } from '@dentryscope/transport';

export const transportOptions = (logger: Logger, command: string): OpenOptions => ({
  log: (level, message, fields) => logger[level]({ ...fields }, message),
  clientId: `dentryscope-${command}`,
});
