/** Names of kernel functions by their address, of /proc/kallsyms. */
import { closeSync, openSync, readSync } from 'node:fs';

const UNKNOWN = 'unknown';
const BLOCK_BYTES = 64 << 10;

/** Whole lines, a block at a time: the file has 5 MB and more, which the process would keep once it had them. */
function* blocksOf(path: string): Generator<string> {
  const block = Buffer.alloc(BLOCK_BYTES);
  const fd = openSync(path, 'r');
  try {
    let rest = '';
    for (let size = readSync(fd, block); size > 0; size = readSync(fd, block)) {
      const text = rest + block.toString('latin1', 0, size);
      const end = text.lastIndexOf('\n') + 1;
      yield text.slice(0, end);
      rest = text.slice(end);
    }
    if (rest) yield rest;
  } finally {
    closeSync(fd);
  }
}

export class FunctionNames {
  readonly #names = new Map<bigint, string>();
  #hidden: string | undefined;

  constructor(private readonly kallsyms: string) {}

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
    const line = new RegExp(`^${address.toString(16).padStart(16, '0')} \\w (\\S+)`, 'm');
    let hidden = true;
    try {
      for (const block of blocksOf(this.kallsyms)) {
        const name = line.exec(block)?.[1];
        if (name !== undefined) return name;
        hidden &&= !/^0*[1-9a-f]\w* /m.test(block);
      }
      this.#hidden = hidden
        ? '/proc/kallsyms hides addresses (kernel.kptr_restrict)'
        : 'not in /proc/kallsyms';
    } catch (error) {
      this.#hidden = (error as Error).message;
    }
    return UNKNOWN;
  }
}
