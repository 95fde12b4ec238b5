/** Death of a process, several processes, a full disk, a bound. */
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase, openEmbeddedLog } from '@dentryscope/transport';
import type { EmbeddedLog, Received } from '@dentryscope/transport';
import { startChild } from './child.js';
import { numbered, textOf } from './conformance.js';
import { collect, freshDirectory, tinyDisk, until } from './helpers.js';

const root = freshDirectory();
let directories = 0;
const fresh = () => join(root, String(directories++));

async function readAll(directory: string, topic: string): Promise<Received[]> {
  const log = openEmbeddedLog({ directory });
  const consumer = log.consumer({ topic, group: `reader-${Math.random()}`, ephemeral: true });
  const messages: Received[] = [];
  const running = consumer.run(async (batch) => void messages.push(...batch));
  await until(async () => (await consumer.lag()) === 0n);
  await log.close();
  await running;
  return messages;
}

const integrity = (directory: string) => {
  const db = openDatabase({ file: join(directory, 'log.db'), migrations: [''] });
  const rows = db.all('PRAGMA integrity_check');
  db.close();
  return rows;
};

describe('embedded log', () => {
  it('has every acknowledged message, whole, after its publisher was killed (SIGKILL) again and again', async () => {
    const directory = fresh();
    let acknowledged = -1;
    for (let round = 0; round < 6; round++) {
      // Numbers that were sent but not acknowledged are not sent again: what is there of them must be whole.
      const spec = { directory, topic: 't', key: 'k', from: acknowledged + 1 + round, each: 3, bytes: 3000 };
      const child = startChild('publisher.mjs', spec);
      await until(() => child.lines.length > 10 + round * 7);
      await child.kill('SIGKILL');
      acknowledged = Number(child.lines.at(-1));
      const parts = new Map<number, Received[]>();
      for (const message of await readAll(directory, 't')) {
        const number = Number(message.headers!.number!.split('.')[0]);
        parts.set(number, [...(parts.get(number) ?? []), message]);
        expect(Buffer.alloc(3000, number % 256).equals(message.value)).toBe(true);
      }
      for (const line of child.lines) expect(parts.get(Number(line))).toHaveLength(3);
      for (const messages of parts.values()) expect(messages).toHaveLength(3);
    }
    expect(integrity(directory)).toEqual([{ integrity_check: 'ok' }]);
  }, 180_000);

  it('takes from several processes at once, in the order of each', async () => {
    const directory = fresh();
    const children = [0, 1, 2].map((key) =>
      startChild('publisher.mjs', { directory, topic: 't', key: `k${key}`, to: 150, each: 2 }),
    );
    const log = openEmbeddedLog({ directory });
    const received = await collect(log.consumer({ topic: 't', group: 'g' }), 900);
    await Promise.all(children.map((child) => child.done()));
    await log.close();
    for (const key of ['k0', 'k1', 'k2']) {
      const numbers = received.filter((message) => message.key === key).map(({ headers }) => headers!.number);
      expect(numbers).toEqual(Array.from({ length: 300 }, (_, index) => `${index >> 1}.${index % 2}`));
    }
    expect(received.map(({ offset }) => offset)).toEqual(received.map((_, index) => BigInt(index)));
    expect(integrity(directory)).toEqual([{ integrity_check: 'ok' }]);
  });

  it('notices what another process published within its poll, and what its own did at once', async () => {
    const directory = fresh();
    const slow = openEmbeddedLog({ directory, pollMs: 5000 });
    const other = openEmbeddedLog({ directory });
    const arrivals: number[] = [];
    const running = slow.consumer({ topic: 't', group: 'g' }).run(async () => void arrivals.push(Date.now()));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = Date.now();
    await other.publisher().publish('t', numbered(1));
    await until(() => arrivals.length === 1);
    expect(arrivals[0]! - before).toBeLessThan(1000);
    await slow.close();
    await running;
    await other.close();
  });

  it('lets one consumer of a group work at a time, and the next one when that was killed', async () => {
    const directory = fresh();
    const log = openEmbeddedLog({ directory });
    await log.publisher().publish('t', numbered(2));
    const child = startChild('consumer.mjs', { directory, topic: 't', group: 'g' });
    await child.line((line) => line.startsWith('handling'));
    const consumer = log.consumer({ topic: 't', group: 'g' });
    const collected = collect(consumer, 2);
    await until(() => consumer.status().detail?.includes('standing by'));
    expect(consumer.status().ok).toBe(true);
    await child.kill('SIGKILL');
    expect((await collected).map(textOf)).toEqual(['0', '1']);
    await log.close();
  });
});

describe('embedded log: retention', () => {
  const value = Buffer.alloc(10_000, 1);

  async function fill(log: EmbeddedLog, count: number): Promise<void> {
    const publisher = log.publisher();
    for (let sent = 0; sent < count; sent += 10)
      await publisher.publish(
        't',
        numbered(10, 'k', sent).map((message) => ({ ...message, value })),
      );
  }

  it('stays within its bound, drops the oldest, counts and logs what nobody had read', async () => {
    const directory = fresh();
    const warnings: Readonly<Record<string, unknown>>[] = [];
    const maxBytes = 4 << 20;
    const log = openEmbeddedLog({
      directory,
      maxBytes,
      log: (level, _message, fields) => void (level === 'warn' && warnings.push(fields!)),
    });
    await fill(log, 2000);
    const kept = await readAll(directory, 't');
    const first = kept[0]!.offset;
    expect(kept.at(-1)!.offset).toBe(1999n);
    expect(kept).toHaveLength(2000 - Number(first));
    expect(kept.length).toBeGreaterThan(200);
    expect(log.lost()).toBe(first);
    expect(warnings.reduce((sum, { lost }) => sum + BigInt(lost as string), 0n)).toBe(first);
    // One commit of 10 messages goes over the bound before the oldest leave.
    expect(statSync(join(directory, 'log.db')).size).toBeLessThan(maxBytes + 300_000);
    expect(statSync(join(directory, 'log.db-wal')).size).toBeLessThan(5 << 20);
    await log.close();
  });

  it('counts for each group what it had not committed, and for none what it had', async () => {
    const directory = fresh();
    const log = openEmbeddedLog({ directory, maxBytes: 4 << 20 });
    await fill(log, 100);
    const keen = log.consumer({ topic: 't', group: 'keen' });
    await collect(keen, 100);
    await keen.close();
    const late = log.consumer({ topic: 't', group: 'late' });
    const running = late.run(() => Promise.reject(new Error('never')));
    await until(() => !late.status().ok);
    await late.close();
    await running;
    await fill(log, 1000);
    const { offset } = (await readAll(directory, 't'))[0]!;
    // late lost all that is gone; keen only what lies behind the 100 it had.
    expect(log.lost()).toBe(offset + (offset - 100n));
    await log.close();
  });

  it('forgets what is old and committed by every group, and keeps what one of them has not', async () => {
    const directory = fresh();
    const options = { directory, maxAgeMs: 1 };
    const log = openEmbeddedLog(options);
    await fill(log, 50);
    const one = log.consumer({ topic: 't', group: 'one' });
    await collect(one, 50);
    await log.close();
    // Another publisher trims with its first publish.
    const again = openEmbeddedLog(options);
    const two = again.consumer({ topic: 't', group: 'two', fromBeginning: false });
    const running = two.run(async () => undefined);
    await until(() => two.status().ok);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await fill(again, 10);
    expect((await readAll(directory, 't')).map(({ offset }) => offset)[0]).toBe(50n);
    expect(again.lost()).toBe(0n);
    await again.close();
    await running;
  });

  it('knows a group again that a step of the clock made it forget, by what it commits', async () => {
    const directory = fresh();
    const log = openEmbeddedLog({ directory });
    await fill(log, 10);
    const running = log.consumer({ topic: 't', group: 'g' });
    expect(await collect(running, 10)).toHaveLength(10);
    // A publisher whose clock makes all groups old; it trims with its first publish.
    const ahead = openEmbeddedLog({ directory, forgetGroupMs: -8 * 24 * 3600_000 });
    await fill(ahead, 10);
    await ahead.close();
    await until(async () => (await running.lag()) === 0n);
    await log.close();
    const next = openEmbeddedLog({ directory });
    expect(await next.consumer({ topic: 't', group: 'g' }).lag()).toBe(0n);
    const got: Received[] = [];
    const consumer = next.consumer({ topic: 't', group: 'g' });
    const reading = consumer.run(async (messages) => void got.push(...messages));
    await fill(next, 10);
    await until(() => got.some(({ offset }) => offset === 29n));
    expect(got.map(({ offset }) => offset)[0]).toBe(20n);
    expect(got).toHaveLength(10);
    await next.close();
    await reading;
  });

  it('does not let a group that is long gone hold back the trimming', async () => {
    const directory = fresh();
    const log = openEmbeddedLog({ directory, maxAgeMs: 1 });
    await fill(log, 10);
    for (const group of ['gone', 'kept']) await collect(log.consumer({ topic: 't', group }), 10);
    await log.close();
    const db = openDatabase({ file: join(directory, 'log.db'), migrations: [''] });
    db.run("UPDATE groups SET seenMs = 1, committed = 0 WHERE CAST(name AS TEXT) = 'gone'");
    const again = openEmbeddedLog({ directory, maxAgeMs: 1 });
    await fill(again, 10);
    await again.close();
    expect(db.all('SELECT CAST(name AS TEXT) AS name FROM groups')).toEqual([{ name: 'kept' }]);
    expect(db.get('SELECT first FROM topics')).toEqual({ first: 10n });
    db.close();
  });
});

const disk = tinyDisk(fresh(), 3 << 20);

describe.skipIf(!disk)(
  disk ? 'embedded log: disk full' : 'embedded log: disk full (mount is refused here)',
  () => {
    it('publish rejects, retryable and naming the setting; what was acknowledged is there; it goes on when there is room', async () => {
      const directory = join(disk!, 'log');
      const log = openEmbeddedLog({ directory });
      const publisher = log.publisher();
      writeFileSync(join(disk!, 'ballast'), Buffer.alloc(1 << 20));
      const value = Buffer.alloc(50_000, 1);
      let acknowledged = 0;
      let failure: unknown;
      while (!failure)
        await publisher.publish('t', [{ key: 'k', value }]).then(
          () => acknowledged++,
          (error: unknown) => (failure = error),
        );
      expect(failure).toMatchObject({ name: 'TransportError', retryable: true });
      expect(String(failure)).toMatch(/No room on the disk.*DENTRYSCOPE_DATA_DIR/);
      expect(publisher.status().ok).toBe(false);
      await expect(publisher.publish('t', [{ key: 'k', value }])).rejects.toMatchObject({ retryable: true });
      rmSync(join(disk!, 'ballast'));
      await publisher.publish('t', [{ key: 'k', value: Buffer.from('after') }]);
      expect(publisher.status().ok).toBe(true);
      const received = await collect(log.consumer({ topic: 't', group: 'g' }), acknowledged + 1);
      expect(received).toHaveLength(acknowledged + 1);
      expect(textOf(received.at(-1)!)).toBe('after');
      await log.close();
    });
  },
);
