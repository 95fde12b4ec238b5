import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard error: standard output belongs to data (`agent` with stdout, `tail`). */
export function createLogger(name: string, level: string): Logger {
  return pino(
    { name, level, redact: { paths: ['*.token', '*.password', '*.influxToken'], censor: '(secret)' } },
    pino.destination({ fd: 2, sync: true }),
  );
}
