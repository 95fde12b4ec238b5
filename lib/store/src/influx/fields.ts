/** The names of a line's fields, as bytes, ready to lie between its figures. */

/** Sets of columns: one a kind of kernel and backend. */
const MOST_SETS = 64;

const known = new Map<string, FieldNames>();

/** @param names in the order of their figures */
export function fieldNames(names: readonly string[]): FieldNames {
  const key = names.join();
  let found = known.get(key);
  if (found) return found;
  if (known.size >= MOST_SETS) known.clear();
  known.set(key, (found = new FieldNames(names)));
  return found;
}

/** Most figures of most windows are 0: what stands from one that is not to the next one is always the same. */
export class FieldNames {
  private readonly pieces: (Buffer | undefined)[] = [];

  constructor(private readonly names: readonly string[]) {}

  /**
   * What follows the digits of figure `from` up to those of figure `to`, all between them being 0. From -1: since the
   * line's tags; to their number: without what ends the line.
   */
  between(from: number, to: number): Buffer {
    const at = (from + 1) * (this.names.length + 1) + to;
    return (this.pieces[at] ??= Buffer.from(this.text(from, to)));
  }

  /** The same with what stands before the first name and after the last figure: a piece less to copy, at both ends. */
  within(before: string, after: string): Pick<FieldNames, 'between'> {
    const { length } = this.names;
    const [begin, end] = [Buffer.from(before), Buffer.from(after)];
    const first: Buffer[] = [];
    const last: Buffer[] = [];
    const ends = (from: number, to: number) =>
      Buffer.concat([...(from < 0 ? [begin] : []), this.between(from, to), ...(to === length ? [end] : [])]);
    return {
      between: (from, to) => {
        if (to === length) return (last[from + 1] ??= ends(from, to));
        return from < 0 ? (first[to] ??= ends(from, to)) : this.between(from, to);
      },
    };
  }

  private text(from: number, to: number): string {
    const before = (n: number) => `${n === 0 ? '' : 'i,'}${this.names[n]}=`;
    let text = '';
    for (let n = from + 1; n < to; n++) text += `${before(n)}0`;
    return to < this.names.length ? text + before(to) : text;
  }
}
