import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileLock, openDatabase, TransportError } from '@dentryscope/transport';
import { startChild } from './child.js';
import { freshDirectory } from './helpers.js';

const directory = freshDirectory();
let files = 0;
const fresh = () => join(directory, `${files++}`, 'test.db');
const migrations = ['CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB)'];
const open = (file = fresh()) => openDatabase({ file, migrations, busyTimeoutMs: 100 });

describe('database', () => {
  it('runs in WAL, every commit synced', () => {
    const db = open();
    expect(db.get('PRAGMA journal_mode')).toMatchObject({ journal_mode: 'wal' });
    expect(db.get('PRAGMA synchronous')).toMatchObject({ synchronous: 2n });
    expect(db.get('PRAGMA wal_autocheckpoint')).toMatchObject({ wal_autocheckpoint: 0n });
    db.close();
  });

  it('keeps 64-bit integers and bytes', () => {
    const db = open();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (const id of [-(1n << 63n), (1n << 63n) - 1n, 1n << 53n])
      db.run('INSERT INTO t VALUES (?, ?)', id, bytes);
    const rows = db.all<{ id: bigint; value: ArrayBuffer }>('SELECT * FROM t ORDER BY id');
    expect(rows.map(({ id }) => id)).toEqual([-(1n << 63n), 1n << 53n, (1n << 63n) - 1n]);
    expect(new Uint8Array(rows[0]!.value)).toEqual(bytes);
    db.close();
  });

  it('keeps nothing of a transaction that throws, and is usable after it', () => {
    const db = open();
    const fail = () =>
      db.transaction(() => {
        db.run('INSERT INTO t VALUES (1, NULL)');
        throw new Error('no');
      });
    expect(fail).toThrow('no');
    db.transaction(() => db.run('INSERT INTO t VALUES (2, NULL)'));
    expect(db.all('SELECT id FROM t')).toEqual([{ id: 2n }]);
    db.close();
  });

  it('does not repeat the parameters of a call that met a lock', () => {
    const file = fresh();
    const [one, two] = [open(file), open(file)];
    const insert = (id: bigint) => two.get('INSERT INTO t VALUES (?, NULL) RETURNING id', id);
    one.exec('BEGIN IMMEDIATE');
    expect(() => insert(1n)).toThrow(/held by another process/);
    one.exec('COMMIT');
    expect(insert(2n)).toMatchObject({ id: 2n });
    one.close();
    two.close();
  });

  it('says retryable and names the setting where another process holds the file', () => {
    const file = fresh();
    const [one, two] = [open(file), open(file)];
    one.exec('BEGIN IMMEDIATE');
    const write = () => two.transaction(() => two.run('INSERT INTO t VALUES (1, NULL)'));
    expect(write).toThrow(TransportError);
    expect(write).toThrow(/DENTRYSCOPE_DATA_DIR/);
    one.exec('ROLLBACK');
    expect(write()).toBe(1);
    one.close();
    two.close();
  });

  it('reads on while another connection writes and moves the WAL', () => {
    const file = fresh();
    const writer = openDatabase({ file, migrations, walBytes: 1 << 16 });
    const reader = open(file);
    for (let id = 0; id < 500; id++) {
      writer.transaction(() => writer.run('INSERT INTO t VALUES (?, ?)', id, new Uint8Array(1000)));
      expect(reader.get('SELECT count(*) AS n FROM t')).toMatchObject({ n: BigInt(id + 1) });
    }
    writer.close();
    reader.close();
  });

  it('refuses a file of a newer version, and brings an older one up', () => {
    const file = fresh();
    open(file).close();
    const newer = [...migrations, 'ALTER TABLE t ADD COLUMN more INTEGER'];
    const up = openDatabase({ file, migrations: newer });
    up.run('INSERT INTO t (id, more) VALUES (1, 2)');
    up.close();
    expect(() => open(file)).toThrow(/newer dentryscope \(version 2\)/);
  });

  it('says that a file is damaged, and the way out', () => {
    const file = fresh();
    mkdirSync(join(file, '..'));
    writeFileSync(file, Buffer.alloc(8192, 7));
    expect(() => open(file)).toThrow(/is damaged: move it aside, or set another DENTRYSCOPE_DATA_DIR/);
  });

  it('refuses use after close', () => {
    const db = open();
    db.get('SELECT 1');
    db.close();
    db.close();
    expect(() => db.get('SELECT 1')).toThrow(/is closed/);
    expect(() => db.transaction(() => 1)).toThrow(/is closed/);
  });
});

describe('file lock', () => {
  it('has one holder, in this process and over processes, until it is released', async () => {
    const file = fresh();
    const [one, two] = [new FileLock(file), new FileLock(file)];
    expect(one.tryAcquire()).toBe(true);
    expect(one.tryAcquire()).toBe(true);
    expect(two.tryAcquire()).toBe(false);
    const child = startChild('lock.mjs', { file });
    await child.line((line) => line === 'held by another');
    one.release();
    one.release();
    await child.line((line) => line === 'acquired');
    expect(two.tryAcquire()).toBe(false);
    await child.kill('SIGKILL');
    expect(two.tryAcquire()).toBe(true);
    two.release();
  });
});
