/** Values of flags. All throw an Error that names the flag. */
import { StepError } from './steps.mjs';

/** Of this command. @param readArgs throws Error where a flag is wrong. @throws StepError, which ends the command with its words */
export function argsOf(command, readArgs) {
  try {
    return readArgs(process.argv.slice(2));
  } catch (error) {
    throw new StepError(`${command}: ${error.message}`);
  }
}

export function number(name, text, least) {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= least) return value;
  throw new Error(`--${name} wants a number from ${least}, not ${JSON.stringify(text)}`);
}

export function whole(name, text, least) {
  const value = number(name, text, least);
  if (Number.isSafeInteger(value)) return value;
  throw new Error(`--${name} wants a whole number, not ${text}`);
}

/** One of those that are known. */
export function oneOf(name, text, known) {
  if (known.includes(text)) return text;
  throw new Error(`--${name} knows ${known.join(', ')}, not ${JSON.stringify(text)}`);
}

/** Of a list with commas, in the order of `known`. @param name of the flag */
export function parts(text, known, name = 'only') {
  const names = text.split(',').map((one) => oneOf(name, one, known));
  return known.filter((one) => names.includes(one));
}

/** For parseArgs. */
export const string = (fallback) => ({
  type: 'string',
  ...(fallback === undefined ? {} : { default: fallback }),
});
