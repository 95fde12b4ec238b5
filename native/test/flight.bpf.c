// SPDX-License-Identifier: GPL-2.0
/*
 * The flights of bpf/include/reclaim_flight.h, step by step: a test can't make a kernel lose a
 * return.
 */
#include "program.h"
#include "reclaim_flight.h"

enum { ENTER, LEAVE, KILL, END };

/* What the last step came to. */
struct {
	__u64 left, freed;
} came;

/* What to do, and of that the scope, the kind, the stack. */
SEC("raw_tp/flight")
int flight_step(__u64 *ctx)
{
	struct flight flight = {.kind = ctx[2], .stack = ctx[3]};
	__u64 scope = ctx[1];

	asm volatile("%0 &= %1" : "+r"(scope) : "i"(DS_MAX_SCOPES - 1));
	came.left = came.freed = 0;
	if (ctx[0] == ENTER)
		enter(scope, &flight);
	else if (ctx[0] == KILL)
		count_kill();
	else if (ctx[0] == END)
		task_ended();
	else if (leave(scope, ctx[3], &flight)) {
		came.left = 1;
		came.freed = flight.freed;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
