/**
 * Ctrl-C: everything is taken away again, whatever is under way, and the process ends.
 * @param scope what there is to take away; doing: said first
 * @returns a signal, aborted when that has begun: what breaks by it is no news
 */
export function endOnSignal(scope, doing) {
  const ending = new AbortController();
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      ending.abort();
      process.stderr.write(`\n${signal}: ${doing}\n`);
      scope
        .close()
        .catch((error) => process.stderr.write(`${error.message}\n`))
        .finally(() => process.exit(status));
    });
  return ending.signal;
}
