/** What a setting is, and the three ways to declare one. */
export const commands = [
  'standalone',
  'agent',
  'ingester',
  'api',
  'simulate',
  'doctor',
  'publish',
  'tail',
  'deadletter',
  'export',
  'rollup',
] as const;
export type Command = (typeof commands)[number];

/** Offsets from `from` to `to`, both among them; without `to`, all from there on. */
export interface OffsetRange {
  readonly from: bigint;
  readonly to: bigint | undefined;
}

type Kinds = {
  text: string;
  secret: string;
  path: string;
  url: string;
  /** host:port; an empty host is every address; port 0 is any free one; `off`. */
  listen: string;
  /** `250ms`, `10s`, `5m`, `2h`; in milliseconds. */
  duration: number;
  /** RFC 3339, or a length back from now such as `24h`; in Unix milliseconds. */
  time: number;
  integer: number;
  list: readonly string[];
  boolean: boolean;
  /** `17`, `10-20` (both ends included), `10-`. */
  range: OffsetRange;
};

export interface Setting<V = unknown> {
  readonly kind: keyof Kinds | 'choice';
  readonly name: string;
  readonly fallback: string | undefined;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly help: string;
  readonly commands: readonly Command[];
  /** Carries the type of the value; never set. */
  readonly value?: V;
}

export function setting<K extends keyof Kinds>(
  kind: K,
  name: string,
  fallback: string,
  commands: readonly Command[],
  help: string,
  min?: number,
  max?: number,
): Setting<Kinds[K]> {
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  return { kind, name, fallback, commands, help, ...bounds };
}

export function optional<K extends keyof Kinds>(
  kind: K,
  name: string,
  commands: readonly Command[],
  help: string,
  min?: number,
): Setting<Kinds[K] | undefined> {
  return { kind, name, fallback: undefined, commands, help, ...(min === undefined ? {} : { min }) };
}

export function choice<const C extends readonly string[]>(
  name: string,
  choices: C,
  fallback: C[number],
  commands: readonly Command[],
  help: string,
): Setting<C[number]> {
  return { kind: 'choice', name, choices, fallback, commands, help };
}

export const envName = (s: Pick<Setting, 'name'>) => `DENTRYSCOPE_${s.name}`;
export const flagName = (s: Pick<Setting, 'name'>) => s.name.toLowerCase().replaceAll('_', '-');
