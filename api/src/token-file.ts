import { readFile, stat } from 'node:fs/promises';
import { SettingError } from '@dentryscope/runtime';
import type { FastifyBaseLogger } from 'fastify';
import { findToken, parseTokens } from './tokens.js';
import type { TokenHolder, TokenLine, TokenStore } from './tokens.js';

const SETTING = 'DENTRYSCOPE_API_TOKENS_FILE';

/**
 * The tokens file, read again when it changes. A change that can't be read leaves the earlier tokens in force (half a
 * file must not lock everybody out): it is logged once and shown in /readyz. An empty file revokes them all.
 */
export class TokenFile implements TokenStore {
  #tokens: readonly TokenLine[] = [];
  #version = '';
  #fault: string | undefined;

  private constructor(
    readonly path: string,
    readonly logger: FastifyBaseLogger,
  ) {}

  /** @throws SettingError naming file, line and setting */
  static async open(path: string, logger: FastifyBaseLogger): Promise<TokenFile> {
    const file = new TokenFile(path, logger);
    await file.#refresh();
    if (file.#fault !== undefined) throw new SettingError(file.#fault);
    return file;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  async find(token: string): Promise<TokenHolder | undefined> {
    await this.#refresh();
    return findToken(this.#tokens, token);
  }

  async #refresh(): Promise<void> {
    const version = await this.#currentVersion();
    if (version === this.#version) return;
    this.#version = version;
    try {
      this.#tokens = parseTokens(await readFile(this.path, 'utf8'));
      if (this.#fault !== undefined) this.logger.info({ path: this.path }, 'tokens file can be read again');
      this.#fault = undefined;
    } catch (error) {
      this.#fault = `${SETTING}=${this.path}: ${(error as Error).message}`;
      this.logger.error(`${this.#fault}; the tokens read before stay in force`);
    }
  }

  /** Inode, size and nanoseconds: a file that is replaced within its clock's tick is still seen. */
  async #currentVersion(): Promise<string> {
    try {
      const { ino, size, mtimeNs } = await stat(this.path, { bigint: true });
      return `${ino}/${size}/${mtimeNs}`;
    } catch (error) {
      return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
    }
  }
}
