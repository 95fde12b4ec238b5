// SPDX-License-Identifier: Apache-2.0
/* attach OBJECT: holds its programs attached from the line "ready" until standard input ends. */
#include "bench.h"

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;

	if (argc != 2)
		return 2;
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		die(argv[1]);
	bpf_object__for_each_program(program, object) if (!bpf_program__attach(program))
	    die(bpf_program__section_name(program));
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	/* The kernel detaches as the process ends. */
	return 0;
}
