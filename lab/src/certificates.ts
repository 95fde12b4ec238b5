/** Certificates of one test run: made when needed, gone with their folder. Nothing of them is checked in. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from './exec.js';

/** PEM files. */
export interface KeyPair {
  certFile: string;
  keyFile: string;
}

export interface Certificates {
  /** The authority that signed all that follow. */
  caFile: string;
  /** An authority that signed none of them. */
  strangerCaFile: string;
  /** For the address 127.0.0.1 and no name. */
  server: KeyPair;
  /** Of 127.0.0.1, and it ended yesterday. */
  expired: KeyPair;
  /** Of another host. */
  elsewhere: KeyPair;
  client: KeyPair;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

class Authority {
  private constructor(
    private readonly dir: string,
    private readonly own: KeyPair,
  ) {}

  static async make(dir: string, name: string): Promise<Authority> {
    const own = pair(dir, name);
    const out = ['-keyout', own.keyFile, '-out', own.certFile];
    await openssl(dir, ['req', '-x509', ...NEW_KEY, ...out, '-days', '2', '-subj', `/CN=${name}`]);
    return new Authority(dir, own);
  }

  get file(): string {
    return this.own.certFile;
  }

  /** @param host as in subjectAltName: `IP:127.0.0.1`, `DNS:broker.example`. @param days negative: over already */
  async sign(name: string, host: string, days = 2): Promise<KeyPair> {
    const signed = pair(this.dir, name);
    const request = join(this.dir, `${name}.csr`);
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${host}`];
    await openssl(this.dir, ['req', ...NEW_KEY, ...subject, '-keyout', signed.keyFile, '-out', request]);
    const ca = ['-CA', this.own.certFile, '-CAkey', this.own.keyFile, '-copy_extensions', 'copy'];
    const out = ['-out', signed.certFile, '-days', String(days)];
    await openssl(this.dir, ['x509', '-req', '-in', request, ...ca, ...out]);
    return signed;
  }
}

const pair = (dir: string, name: string): KeyPair => ({
  certFile: join(dir, `${name}.pem`),
  keyFile: join(dir, `${name}.key`),
});

/** openssl makes key files for their owner alone. */
const openssl = (cwd: string, args: string[]) => exec('openssl', args, { cwd });

/** In turn: each writes the same log. */
export async function makeCertificates(parent: string): Promise<Certificates> {
  const dir = join(parent, 'tls');
  mkdirSync(dir, { mode: 0o700 });
  const authority = await Authority.make(dir, 'authority');
  const stranger = await Authority.make(dir, 'stranger');
  return {
    caFile: authority.file,
    strangerCaFile: stranger.file,
    server: await authority.sign('server', 'IP:127.0.0.1'),
    expired: await authority.sign('expired', 'IP:127.0.0.1', -1),
    elsewhere: await authority.sign('elsewhere', 'DNS:broker.example'),
    client: await authority.sign('client', 'DNS:agent.example'),
  };
}
