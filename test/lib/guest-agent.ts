/**
 * Shell text for a guest: waits until the agent `$agent`, whose standard error is /tmp/err, has started. Each look is two
 * processes, which are dear under emulation.
 */
export const untilAgentStarted = `until grep -q 'agent started' /tmp/err; do kill -0 $agent || { cat /tmp/err >&2; exit 3; }; sleep 1; done`;
