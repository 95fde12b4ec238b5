/** Where this package says what it does. The services hand in theirs (pino); nothing is written to the console. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
