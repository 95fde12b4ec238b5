/**
 * Of a counter of a cgroup in one window; more is a broken sender: JSON numbers end here, and 2^53 ns are 104 days. An agent that
 * has more (thousands of tasks that waited for the same file system for an hour) tells the rest in the next window.
 */
export const LARGEST_DELTA = 1n << 53n;
