// SPDX-License-Identifier: Apache-2.0
/*
 * Runs flight.bpf.o in this task, a step for each four numbers, and tells what each came to:
 * left, freed, and the books of the step's scope: entered, left, in flight; and what runs.
 *
 *   flight OBJECT [WHAT SCOPE KIND STACK]...
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "reclaim_types.h"

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void step(struct bpf_object *object, __u64 *numbers)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = numbers,
		    .ctx_size_in = 4 * sizeof(*numbers));
	struct ds_reclaim_control books;
	__u64 last[2];
	__u32 first = 0;

	if (bpf_prog_test_run_opts(
		bpf_program__fd(bpf_object__find_program_by_name(object, "flight_step")), &options))
		fail("test run");
	if (bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, ".bss"), &first, last) ||
	    bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "reclaim_control"), &first,
				&books))
		fail("look up");
	struct ds_scope_books *scope = &books.scope[numbers[1]];
	printf("[%llu,%llu,%llu,%llu,%llu,%llu]\n", last[0], last[1], scope->entered, scope->left,
	       scope->in_flight, books.running);
}

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open(argv[1]);

	if (!object || bpf_object__load(object))
		fail(argv[1]);
	for (int at = 2; at + 3 < argc; at += 4) {
		__u64 numbers[4];

		for (int i = 0; i < 4; i++)
			numbers[i] = strtoull(argv[at + i], NULL, 0);
		step(object, numbers);
	}
	return 0;
}
