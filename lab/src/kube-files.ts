import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KubeFiles {
  token: string;
  tokenFile: string;
  keyFile: string;
}

/** The token of an administrator, and the key pair that signs service account tokens. */
export function writeKubeFiles(dir: string): KubeFiles {
  const token = randomBytes(32).toString('hex');
  const tokenFile = join(dir, 'tokens.csv');
  writeFileSync(tokenFile, `${token},lab-admin,lab-admin,system:masters\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyFile = join(dir, 'service-accounts.key');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  return { token, tokenFile, keyFile };
}

export interface Access {
  url: string;
  token: string;
  /** PEM. */
  ca: string;
}

/** The certificate authority is inside, so that the file can be copied anywhere. */
export const kubeconfig = ({ url, token, ca }: Access): string => `apiVersion: v1
kind: Config
current-context: lab
clusters:
  - name: lab
    cluster:
      server: ${url}
      certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
  - name: lab-admin
    user:
      token: ${token}
contexts:
  - name: lab
    context:
      cluster: lab
      user: lab-admin
`;
