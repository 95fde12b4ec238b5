import { spawn } from 'node:child_process';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { batchFromJson, batchKey, createBatch, encodeBatch, topics } from '@dentryscope/contracts';
import { openStdoutPublisher, TransportError } from '@dentryscope/transport';

const batch = createBatch({
  cluster: 'c',
  node: 'n',
  bootId: 'b',
  seq: 1n,
  windowStartMs: 1n,
  windowEndMs: 2n,
  cgroups: { ids: [(1n << 56n) + 1n], dentriesAllocated: [1000n] },
});
const message = { key: batchKey(batch), value: encodeBatch(batch) };

describe('stdout publisher', () => {
  it('prints one line of canonical JSON a batch, and nothing else', async () => {
    const stream = new PassThrough();
    await openStdoutPublisher({ stream }).publish(topics.deltas, [message, message]);
    const lines = String(stream.read()).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe('');
    expect(lines[0]).toContain('"ids":["72057594037927937"],"dentriesAllocated":["1000"]');
    expect(encodeBatch(batchFromJson(lines[0]!))).toEqual(message.value);
  });

  it('refuses a message that is no batch, and prints none of its publish', async () => {
    const stream = new PassThrough();
    const broken = { key: 'k', value: new Uint8Array([255, 255]) };
    const publishing = openStdoutPublisher({ stream }).publish(topics.deltas, [message, broken]);
    await expect(publishing).rejects.toThrow(TransportError);
    await expect(publishing).rejects.toMatchObject({ retryable: false });
    expect(stream.read()).toBeNull();
  });

  it('resolves only after the stream has taken the line', async () => {
    let taken = () => {};
    const stream = new Writable({ write: (_chunk, _encoding, done) => (taken = done) });
    let resolved = false;
    const publishing = openStdoutPublisher({ stream }).publish(topics.deltas, [message]);
    void publishing.then(() => (resolved = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(resolved).toBe(false);
    taken();
    await publishing;
  });

  it('survives a reader that went away (EPIPE), with a clear error', async () => {
    const script = fileURLToPath(new URL('children/stdout.mjs', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.once('data', () => child.stdout.destroy());
    let said = '';
    child.stderr.on('data', (chunk) => (said += chunk));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(said).toContain('false Standard output was closed by its reader (DENTRYSCOPE_TRANSPORT=stdout).');
    expect(said).toContain('status {"ok":false');
    expect(status).toBe(7);
  });
});
