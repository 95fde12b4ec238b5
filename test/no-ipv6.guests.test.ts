/** `HOST:PORT` without a host, which is what the manifests set, where the kernel has no IPv6. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { GUEST_TEST_TIMEOUT_MS, requirePart, runInGuest } from '@dentryscope/lab';
import { scratch } from './lib/scratch.js';

const dir = scratch();
afterAll(dir.remove);

const timeout = GUEST_TEST_TIMEOUT_MS;
const script = join(import.meta.dirname, 'listen-everywhere.mjs');
const command = `ip link set lo up; exec node ${script} /data/tokens`;

describe.skipIf(requirePart('vm'))('in a guest', () => {
  it('without IPv6 every address is those of IPv4, and ::, by name, is told', { timeout }, async () => {
    const { status, stdout, stderr } = await runInGuest('6.1', command, { append: 'ipv6.disable=1' });
    expect(status, stderr).toBe(0);
    const refused = (variable: string) =>
      expect.stringContaining(`${variable}=[::]:0: this kernel has no addresses of that kind`) as string;
    expect(JSON.parse(stdout)).toEqual({
      api: { status: 200, six: refused('DENTRYSCOPE_API_LISTEN') },
      probes: { status: 200, six: refused('DENTRYSCOPE_AGENT_LISTEN') },
    });
  });
});

it('where this machine has it or has not, it is answered', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, join(dir.path, 'tokens')]);
  expect(JSON.parse(stdout)).toMatchObject({ api: { status: 200 }, probes: { status: 200 } });
});
