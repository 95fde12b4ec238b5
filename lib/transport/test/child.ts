/** A process that can be killed without killing the test. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './helpers.js';

export function startChild(script: string, spec: Readonly<Record<string, unknown>>) {
  const file = fileURLToPath(new URL(`children/${script}`, import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(spec)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let ended = false;
  child.on('close', () => (ended = true));
  return {
    lines,
    get ended() {
      return ended;
    },
    line: (matches: (line: string) => boolean) => until(() => lines.some(matches)),
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    /** Resolves when it is gone and all it wrote was read. */
    async kill(signal: NodeJS.Signals) {
      child.kill(signal);
      await until(() => ended);
    },
    done: () => until(() => ended),
  };
}
