import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requirePart, startInflux, type RunningInflux } from '@dentryscope/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

async function post(influx: RunningInflux, path: string, type: string, body: string): Promise<string> {
  const headers = { authorization: `Token ${influx.token}`, 'content-type': type };
  const response = await fetch(`${influx.url}${path}`, { method: 'POST', headers, body });
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  return text;
}

const write = (influx: RunningInflux, line: string): Promise<string> =>
  post(influx, `/api/v2/write?org=${influx.org}&bucket=${influx.bucket}&precision=ms`, 'text/plain', line);

/** Values of the field `n`, oldest first. */
async function values(influx: RunningInflux): Promise<string[]> {
  const flux = `from(bucket: "${influx.bucket}") |> range(start: 0) |> keep(columns: ["_time", "_value"])`;
  const csv = await post(influx, `/api/v2/query?org=${influx.org}`, 'application/vnd.flux', flux);
  const rows = csv.trim().split(/\r?\n/).slice(1);
  return rows.map((row) => row.split(',').at(-1)!);
}

describe.skipIf(requirePart('influx'))('influx', () => {
  let influx: RunningInflux;
  beforeAll(async () => void (influx = await startInflux()));
  afterAll(() => influx?.stop());

  it('gives back a point', async () => {
    await write(influx, 'dentries,node=n1 n=1i 1700000000000');
    expect(await values(influx)).toEqual(['1']);
  });

  it('refuses a caller without the token', async () => {
    const response = await fetch(`${influx.url}/api/v2/buckets`);
    expect(response.status).toBe(401);
  });

  it('survives kill -9 with its address, token and points', async () => {
    const { pid, url } = influx;
    await write(influx, 'dentries,node=n1 n=2i 1700000010000');
    await influx.kill('SIGKILL');
    expect(isThere(pid)).toBe(false);
    await influx.restart();
    expect(influx.url).toBe(url);
    await write(influx, 'dentries,node=n1 n=3i 1700000020000');
    expect(await values(influx)).toEqual(['1', '2', '3']);
  });

  /** A kill in the middle of a write leaves this, but seldom: an entry of 256 bytes, by its header, and 5 of them. */
  it('keeps what it acknowledged after a kill that left half an entry in its WAL', async () => {
    await influx.kill('SIGKILL');
    const engine = join(influx.dir, 'engine', 'wal');
    const segments = readdirSync(engine, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.wal'),
    );
    expect(segments).not.toEqual([]);
    for (const name of segments)
      appendFileSync(join(engine, name), Buffer.from([1, 0, 0, 1, 0, 9, 9, 9, 9, 9]));
    await influx.restart();
    await write(influx, 'dentries,node=n1 n=4i 1700000030000');
    await influx.kill('SIGKILL');
    await influx.restart();
    expect(await values(influx)).toEqual(['1', '2', '3', '4']);
  });

  it('leaves no process and no folder when stopped', async () => {
    const { pid, dir } = influx;
    await influx.stop();
    await influx.stop();
    expect([isThere(pid), existsSync(dir)]).toEqual([false, false]);
  });
});
