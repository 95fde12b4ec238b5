/** A Docker engine of our own, beside any that the machine may run: its images stay, its containers and networks go. */
import { execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

/** @returns {Promise<string>} standard output @throws {Error} with what the command said */
export async function run(command, args, env = {}, { limitMs = 600_000, signal } = {}) {
  const options = { env: { ...process.env, ...env }, timeout: limitMs, maxBuffer: 64 << 20, signal };
  const { stdout } = await promisify(execFile)(command, args, options).catch((error) => {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trimEnd().split('\n').slice(-40).join('\n');
    throw new Error(
      `${command} ${args.join(' ')}: ${error.killed ? 'took too long' : error.message}\n${said}`,
    );
  });
  return stdout;
}

/** No docker0, which another engine may have: builds use the host's network. @param {string} folder kept, so that a second start finds the images of the first */
export async function startEngine(folder) {
  mkdirSync(folder, { recursive: true });
  const host = `unix://${join(folder, 'docker.sock')}`;
  const log = openSync(join(folder, 'dockerd.log'), 'a');
  const places = ['data-root', 'exec-root', 'pidfile'].map((name) => `--${name}=${join(folder, name)}`);
  // Detached: Ctrl-C is for us, who take the containers down before the engine ends.
  const daemon = spawn('dockerd', [...places, '--bridge=none', '-H', host], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const ended = new Promise((resolve) => daemon.once('exit', resolve).once('error', resolve));
  const stop = async () => {
    daemon.kill('SIGTERM');
    await Promise.race([ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  };
  for (const startedMs = Date.now(); ; await sleep(200)) {
    if (await run('docker', ['version'], { DOCKER_HOST: host }, { limitMs: 5_000 }).catch(() => false))
      return { host, stop };
    if (daemon.exitCode === null && Date.now() - startedMs < START_LIMIT_MS) continue;
    await stop();
    throw new Error(`dockerd does not start; it says why in ${join(folder, 'dockerd.log')}`);
  }
}
