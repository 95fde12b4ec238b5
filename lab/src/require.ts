import { partAvailable, type PartSpec } from './parts.js';

/**
 * For `describe.skipIf(requirePart('kafka'))`: undefined when every part can be had here, else the reason, which
 * is also printed. With CI=true a missing part is a failure: throws.
 */
export function requirePart(...specs: PartSpec[]): string | undefined {
  const reasons = specs.flatMap((spec) => {
    const { missing } = partAvailable(spec);
    return missing.length > 0 ? [`real part ${spec} is missing: ${missing.join('; ')}`] : [];
  });
  if (reasons.length === 0) return undefined;
  const reason = reasons.join('\n');
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}
