/** Names of kernel functions by their address, of /proc/kallsyms. */
const UNKNOWN = 'unknown';

export class FunctionNames {
  readonly #names = new Map<bigint, string>();
  #hidden: string | undefined;

  constructor(private readonly readKallsyms: () => string) {}

  /** `unknown` where the kernel hides it, and for 0: what found no room of its own. */
  at(address: bigint): string {
    const known = this.#names.get(address);
    if (known !== undefined) return known;
    const name = address === 0n ? UNKNOWN : this.#find(address);
    // Megabytes of text: each address is looked for once.
    this.#names.set(address, name);
    return name;
  }

  problems(): readonly string[] {
    return this.#hidden === undefined ? [] : [`shrinkers have no names: ${this.#hidden}`];
  }

  #find(address: bigint): string {
    try {
      const text = this.readKallsyms();
      const found = new RegExp(`^${address.toString(16).padStart(16, '0')} \\w (\\S+)`, 'm').exec(text);
      if (found?.[1] !== undefined) return found[1];
      this.#hidden = /^0+ /.test(text)
        ? '/proc/kallsyms hides addresses (kernel.kptr_restrict)'
        : 'not in /proc/kallsyms';
    } catch (error) {
      this.#hidden = (error as Error).message;
    }
    return UNKNOWN;
  }
}
