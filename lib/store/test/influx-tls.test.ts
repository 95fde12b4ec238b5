/** InfluxDB over TLS: what is right works, what is wrong says which setting, and the token is in none of it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirePart, startInflux } from '@dentryscope/lab';
import type { RunningInflux } from '@dentryscope/lab';
import { openInfluxStore, StoreError } from '@dentryscope/store';
import type { InfluxOptions } from '@dentryscope/store';
import { total, window } from './fixtures.js';

const batch = window({ figures: { 7: 1n }, state: { nrDentry: 1n } });

describe.skipIf(requirePart('influx'))('InfluxDB 2.7 with TLS', { timeout: 120_000 }, () => {
  let secure: RunningInflux;
  let plain: RunningInflux;
  beforeAll(async () => {
    [secure, plain] = await Promise.all([startInflux({ tls: true }), startInflux()]);
  }, 180_000);
  afterAll(async () => void (await Promise.all([secure?.stop(), plain?.stop()])));

  const to = ({ url, org, bucket, token, certificates }: RunningInflux): InfluxOptions => ({
    ...{ url, org, bucket, token },
    tlsCaFile: certificates?.caFile,
  });

  test('a window that was written is read', async () => {
    const { writer, reader, close } = await openInfluxStore(to(secure));
    await writer.write([batch]);
    expect(await total(reader)).toBe(1n);
    await close();
  });

  const wrong: [string, () => InfluxOptions, RegExp][] = [
    [
      'an authority that did not sign the certificate',
      () => ({ ...to(secure), tlsCaFile: secure.certificates!.strangerCaFile }),
      /DENTRYSCOPE_INFLUX_TLS_CA_FILE/,
    ],
    ['no authority given', () => ({ ...to(secure), tlsCaFile: undefined }), /DENTRYSCOPE_INFLUX_TLS_CA_FILE/],
    [
      'a host that is not in the certificate',
      () => ({ ...to(secure), url: secure.url.replace('127.0.0.1', 'localhost') }),
      /INFLUX_URL.*other names than the URL/,
    ],
    [
      'http to a TLS port',
      () => ({ ...to(secure), url: secure.url.replace('https', 'http') }),
      /INFLUX_URL.*has to begin with https/,
    ],
    [
      'https to a plain port',
      () => ({ ...to(plain), url: plain.url.replace('http', 'https') }),
      /INFLUX_URL.*may speak http, not https/,
    ],
    ['a wrong token', () => ({ ...to(secure), token: 'wr0ng-but-secret' }), /DENTRYSCOPE_INFLUX_TOKEN/],
  ];

  test.each(wrong)('%s: may be tried again, names the setting', async (_, options, says) => {
    const { writer, reader, close } = await openInfluxStore(options());
    for (const call of [() => writer.write([batch]), () => reader.ping(), () => total(reader)]) {
      const error: unknown = await call().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ retryable: true, message: expect.stringMatching(says) as string });
      expect(inspect(error, { depth: 4, showHidden: true })).not.toContain(options().token);
    }
    await close();
  });

  // A server of ours: the real one's answer comes first only sometimes, the smaller the request the more often.
  test('http to a TLS port that hangs up before its answer is read: the same', async () => {
    const server = createPlainServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { writer, close } = await openInfluxStore({ ...to(secure), url: `http://127.0.0.1:${port}` });
    await expect(writer.write([batch])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/INFLUX_URL.*ECONNRESET.*has to begin with https/) as string,
    });
    await close();
    server.close();
  });

  // A server of ours shows the certificate: the real one has started with a good one.
  test('a certificate that is over: may be tried again, and is told', async () => {
    const { expired, caFile } = secure.certificates!;
    const server = createServer({ cert: readFileSync(expired.certFile), key: readFileSync(expired.keyFile) });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const options = { ...to(secure), url: `https://127.0.0.1:${port}`, tlsCaFile: caFile };
    const { writer, close } = await openInfluxStore(options);
    await expect(writer.write([batch])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/INFLUX_URL.*expired.*renewed/) as string,
    });
    await close();
    server.close();
  });
});
