import { readFileSync, statSync } from 'node:fs';
import { addon } from './addon.js';

/** f_type of statfs(2), from linux/magic.h. */
export const magic = { cgroup2: 0x63677270, cgroup1: 0x27e0eb, tmpfs: 0x01021994 } as const;

const HIERARCHY_SHIFT = 56n;

/** The type of the file system that holds `path`. Throws an error with `code` (ENOENT, ...). */
export function filesystemMagic(path: string): number {
  return addon().filesystemMagic(path);
}

/** major:minor of a file's device, as /proc/self/mountinfo writes it: glibc's gnu_dev_major and gnu_dev_minor. */
function deviceOf(path: string): string {
  const dev = BigInt(statSync(path, { bigint: true }).dev);
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** What the hierarchy mounted there is called in /proc/self/cgroup: "cpu,cpuacct", "name=systemd". */
function v1Options(path: string): string[] {
  const device = deviceOf(path);
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ');
    if (fields[2] === device) return (fields.at(-1) ?? '').split(',');
  }
  throw new Error(`${path}: its device ${device} is not in /proc/self/mountinfo`);
}

/**
 * The number that /proc/self/cgroup gives the hierarchy at `path`: 0 for cgroup v2.
 * Throws when `path` is not on a cgroup file system.
 */
export function hierarchyOf(path: string): number {
  const type = filesystemMagic(path);
  if (type === magic.cgroup2) return 0;
  if (type !== magic.cgroup1)
    throw new Error(`${path} is not on a cgroup file system (magic 0x${type.toString(16)})`);
  const options = new Set(v1Options(path));
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [hierarchy = '', controllers = ''] = line.split(':');
    if (controllers !== '' && controllers.split(',').every((name) => options.has(name)))
      return Number(hierarchy);
  }
  throw new Error(`${path}: its hierarchy is not in /proc/self/cgroup`);
}

/**
 * The id under which the kernel side counts the cgroup at `path`: the directory's inode number, and for cgroup v1 the
 * hierarchy's number in the top byte, since inode numbers are unique within one hierarchy only.
 */
export function cgroupIdOf(path: string): bigint {
  const hierarchy = BigInt(hierarchyOf(path) & 0xff);
  return addon().cgroupInode(path) | (hierarchy << HIERARCHY_SHIFT);
}

/** Throttling and PSI of cgroups, from files that stay open (at most 1,024): finding them again is what costs. */
export class CgroupFiles {
  readonly #native = new (addon().CgroupFiles)();

  /**
   * Totals in ns since the cgroup was made: throttled; PSI of cpu some, memory some, memory full, io some, io full.
   * null: its kernel or controllers don't say, or the cgroup is gone.
   * @param psi whether to look for PSI: not on v1, not where the kernel has it off
   * @throws Error for anything but ENOENT, ENODEV and EOPNOTSUPP
   */
  read(directory: string, psi: boolean): readonly (bigint | null)[] {
    return this.#native.read(directory, psi);
  }

  forget(directory: string): void {
    this.#native.forget(directory);
  }

  close(): void {
    this.#native.close();
  }
}
