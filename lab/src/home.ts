import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, signal, type ProcessId } from './proc.js';
import { HOME_FILE, HOME_PREFIX, sweep, type HomeFile } from './sweep.js';

const open = new Set<Home>();

/** The folder of one started part: its data, its logs, and the list of the processes that belong to it. */
export class Home {
  private readonly processes: ProcessId[] = [];

  private constructor(
    readonly dir: string,
    /** A detached part outlives this process: the lab command's, not a test's. */
    readonly detached: boolean,
  ) {}

  /** A home that goes, with its processes, when this process goes. */
  static temporary(part: string): Home {
    sweep();
    const home = new Home(mkdtempSync(join(tmpdir(), `${HOME_PREFIX}${part}-`)), false);
    home.save();
    if (open.size === 0) process.once('exit', closeAll);
    open.add(home);
    return home;
  }

  /** A home in a folder of the caller's choice, which stays until `remove`. */
  static lasting(dir: string): Home {
    mkdirSync(dir, { recursive: true });
    return new Home(dir, true);
  }

  record(id: ProcessId): void {
    this.processes.push(id);
    this.save();
  }

  killAll(): void {
    for (const id of this.processes) signal(id, 'SIGKILL');
  }

  remove(): void {
    open.delete(this);
    if (open.size === 0) process.removeListener('exit', closeAll);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** So that a later sweep, or the lab command's `stop`, knows whose this is and what runs in it. */
  private save(): void {
    const content: HomeFile = {
      owner: this.detached ? null : identify(process.pid)!,
      processes: this.processes,
    };
    writeFileSync(join(this.dir, HOME_FILE), JSON.stringify(content));
  }
}

function closeAll(): void {
  for (const home of [...open]) {
    home.killAll();
    home.remove();
  }
}
