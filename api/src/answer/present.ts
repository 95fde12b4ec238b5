/** Leaves out what is not there: absent in the answer, not null and not 0. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined | ''> } {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(there) as { [K in keyof T]?: Exclude<T[K], undefined | ''> };
}
