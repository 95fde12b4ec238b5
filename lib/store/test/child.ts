/** A process of child-writer.mjs or child-keeper.mjs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export class Child {
  lastAcked = 0;
  private readonly waiting = new Map<number, () => void>();

  constructor(private readonly process: ReturnType<typeof spawn>) {
    createInterface({ input: process.stdout! }).on('line', (line) => this.heard(line));
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Resolves when the round is acknowledged; rejects when the process ends before. */
  async acked(round: number): Promise<void> {
    if (this.lastAcked >= round) return;
    const ended = once(this.process, 'exit').then(() => {
      throw new Error(`the child ended after round ${this.lastAcked}`);
    });
    await Promise.race([new Promise<void>((resolve) => this.waiting.set(round, resolve)), ended]);
    ended.catch(() => undefined);
  }

  /** SIGKILL; resolves when it is gone and all that it said was read. */
  async kill(): Promise<void> {
    const closed = once(this.process, 'close');
    this.process.kill('SIGKILL');
    await closed;
  }

  private heard(line: string): void {
    if (!line.startsWith('acked ')) return;
    this.lastAcked = Number(line.slice(6));
    this.waiting.get(this.lastAcked)?.();
  }
}

export async function startChild(
  directory: string,
  firstRound: number,
  name = 'child-writer.mjs',
): Promise<Child> {
  const args = [script(name), directory, String(firstRound)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  return new Child(child);
}
