import type { Daemon } from './daemon.js';
import type { Home } from './home.js';
import type { ProcessId } from './proc.js';

/** A started part. Its last daemon is the part itself; those before are what it stands on (etcd). */
export abstract class RunningPart {
  constructor(
    readonly version: string,
    private readonly home: Home,
    private readonly daemons: Daemon[],
  ) {}

  /** What a program has to find in its environment to use this part. */
  abstract readonly env: Record<string, string>;

  /** Of the process that now serves; another one after `restart`. */
  get pid(): number {
    return this.main.process.pid;
  }

  get dir(): string {
    return this.home.dir;
  }

  processes(): ProcessId[] {
    return this.daemons.map((daemon) => daemon.process);
  }

  /** Signals the part itself; resolves when it is gone, or at once for SIGSTOP, SIGCONT and the like. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.main.kill(signal);
  }

  /** Ends the part if it still runs and starts it again: same ports, same data. Resolves when ready. */
  async restart(): Promise<void> {
    await this.main.end();
    for (const daemon of this.daemons) if (!daemon.alive) await daemon.start();
  }

  /** Ends all its processes and removes its data. A second call does nothing. */
  async stop(): Promise<void> {
    for (const daemon of [...this.daemons].reverse()) await daemon.kill('SIGKILL');
    this.home.remove();
  }

  private get main(): Daemon {
    return this.daemons[this.daemons.length - 1]!;
  }
}

/**
 * Prepares the data, then starts the daemons one after the other; when any of it fails, none is left and the
 * home is gone.
 */
export async function startAll(home: Home, daemons: Daemon[], prepare = async () => {}): Promise<void> {
  try {
    await prepare();
    for (const daemon of daemons) await daemon.start();
  } catch (error) {
    home.killAll();
    home.remove();
    throw error;
  }
}
