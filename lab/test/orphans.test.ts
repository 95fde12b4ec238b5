import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { requirePart, startInflux } from '@dentryscope/lab';
import { describe, expect, it } from 'vitest';
import { identify } from '../dist/proc.js';
import { HOME_FILE, HOME_PREFIX, sweep } from '../dist/sweep.js';
import { until } from '../dist/wait.js';

/** Starts a store, tells its pid and folder, and then does `afterwards`. */
const script = (afterwards: string): string => `
  import { startInflux } from '@dentryscope/lab';
  const { pid, dir } = await startInflux();
  console.log(JSON.stringify({ pid, dir }));
  ${afterwards}
`;

interface Started {
  owner: ChildProcess;
  pid: number;
  dir: string;
}

async function startOwner(afterwards: string): Promise<Started> {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const args = ['--input-type=module', '-e', script(afterwards)];
  const owner = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: owner.stdout! }), 'line');
  return { owner, ...(JSON.parse(line) as { pid: number; dir: string }) };
}

const gone = (pid: number): Promise<void> =>
  until(`pid ${pid} gone`, 10_000, async () => {
    if (existsSync(`/proc/${pid}`)) throw new Error('still there');
  });

describe('the sweep', () => {
  it('does not end a process that only has the pid of one of ours', async () => {
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(stranger, 'spawn');
    const dir = mkdtempSync(join(tmpdir(), `${HOME_PREFIX}test-`));
    const dead = { pid: stranger.pid!, start: 'an earlier boot/1' };
    writeFileSync(join(dir, HOME_FILE), JSON.stringify({ owner: dead, processes: [dead] }));
    sweep();
    expect(existsSync(dir)).toBe(false);
    expect(identify(stranger.pid!)).toBeDefined();
    stranger.kill();
  });
});

describe.skipIf(requirePart('influx'))('a part whose owner forgot to stop it', () => {
  it('goes with its folder when the owner ends', async () => {
    const { owner, pid, dir } = await startOwner('');
    if (owner.exitCode === null) await once(owner, 'exit');
    await gone(pid);
    expect(existsSync(dir)).toBe(false);
  });

  it('goes when the owner is killed, and its folder when the next part starts', async () => {
    const { owner, pid, dir } = await startOwner('setInterval(() => {}, 1000);');
    owner.kill('SIGKILL');
    await gone(pid);
    const next = await startInflux();
    expect(existsSync(dir)).toBe(false);
    await next.stop();
  });

  it('is left alone by others while the owner lives', async () => {
    const { owner, pid, dir } = await startOwner('setInterval(() => {}, 1000);');
    const next = await startInflux();
    expect([existsSync(dir), existsSync(`/proc/${pid}`)]).toEqual([true, true]);
    await next.stop();
    owner.kill('SIGKILL');
    await gone(pid);
    sweep();
    expect(existsSync(dir)).toBe(false);
  });
});
