/** API tokens: shown once when made, kept as SHA-256 only. 256 random bits need no slow hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const scopes = ['read', 'admin'] as const;
/** admin holds read. */
export type Scope = (typeof scopes)[number];

export interface TokenHolder {
  readonly name: string;
  readonly scope: Scope;
}

export interface TokenStore {
  /** Whose token it is; undefined: nobody's. */
  find(token: string): Promise<TokenHolder | undefined>;
  /** What is wrong with the source of the tokens now, where earlier ones still hold. */
  readonly fault?: string | undefined;
}

export interface TokenLine extends TokenHolder {
  readonly hash: Buffer;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest();

const isName = (text: string | undefined): text is string => /^[\w.@-]{1,64}$/.test(text ?? '');
const isScope = (text: string | undefined): text is Scope => scopes.includes(text as Scope);

/** @returns the token, to hand over once, and the line for the tokens file. @throws Error */
export function createToken(name: string, scope: Scope): { token: string; line: string } {
  if (!isName(name)) throw new Error('a token name has 1 to 64 letters, digits and . _ @ -');
  if (!isScope(scope)) throw new Error(`a token scope is one of ${scopes.join(', ')}`);
  const token = `dts_${randomBytes(32).toString('base64url')}`;
  return { token, line: `${name} ${scope} ${hashOf(token).toString('hex')}` };
}

/** What is wrong with one line, said without repeating it: it may hold a token that was pasted in place of its hash. */
function parseLine(line: string): TokenLine | string {
  const [name, scope, hex, ...rest] = line.split(/\s+/);
  if (hex === undefined || rest.length > 0) return 'wants three words: NAME SCOPE SHA256-HEX';
  if (!isName(name)) return 'the name has 1 to 64 letters, digits and . _ @ -';
  if (!isScope(scope)) return `the scope is none of ${scopes.join(', ')}`;
  if (!/^[0-9a-f]{64}$/i.test(hex)) return 'the third word is no SHA-256 in 64 hex digits';
  return { name, scope, hash: Buffer.from(hex, 'hex') };
}

/** @throws Error naming the line */
export function parseTokens(text: string): TokenLine[] {
  const tokens: TokenLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') throw new Error(`line ${index + 1}: ${parsed}`);
    if (tokens.some(({ name }) => name === parsed.name))
      throw new Error(`line ${index + 1}: the name ${parsed.name} is given twice`);
    tokens.push(parsed);
  }
  return tokens;
}

/** Every line is compared, in constant time: how long it takes tells nothing of which came close. */
export function findToken(tokens: readonly TokenLine[], token: string): TokenHolder | undefined {
  const hash = hashOf(token);
  let found: TokenHolder | undefined;
  for (const line of tokens) if (timingSafeEqual(line.hash, hash)) found = line;
  return found && { name: found.name, scope: found.scope };
}
