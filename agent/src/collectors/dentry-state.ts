/** /proc/sys/fs/dentry-state: nr_dentry nr_unused age_limit want_pages nr_negative dummy (Documentation/admin-guide/sysctl/fs.rst). */
import { readProc } from './proc.js';

export interface DentryState {
  readonly nrDentry: bigint;
  readonly nrUnused: bigint;
  /** undefined before Linux 5.0 (af0c9af1b3f6), where the field is a dummy 0. */
  readonly nrNegative: bigint | undefined;
}

/** A sum over CPUs that is below 0 for a moment the kernel itself prints as 0 (get_nr_dentry). @throws Error */
export function parseDentryState(text: string, hasNegative: boolean): DentryState {
  const fields = text.trim().split(/\s+/);
  if (fields.length < 6 || fields.some((field) => !/^\d+$/.test(field)))
    throw new Error(`dentry-state has an unknown form: ${JSON.stringify(text)}`);
  const [nrDentry, nrUnused, , , nrNegative] = fields.map(BigInt) as [bigint, bigint, bigint, bigint, bigint];
  return { nrDentry, nrUnused, nrNegative: hasNegative ? nrNegative : undefined };
}

export function readDentryState(procRoot: string, kernelRelease: string): DentryState | undefined {
  const text = readProc(procRoot, 'sys/fs/dentry-state');
  return text === undefined ? undefined : parseDentryState(text, Number.parseInt(kernelRelease, 10) >= 5);
}
