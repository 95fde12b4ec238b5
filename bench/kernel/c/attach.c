// SPDX-License-Identifier: Apache-2.0
/* attach OBJECT [PROGRAM]: holds its programs, or that one alone, attached from the line "ready"
 * until standard input ends. */
#include "bench.h"

#include <bpf/libbpf.h>

static struct bpf_object *open_object(const char *path, const char *wanted)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	if (!object)
		die(path);
	if (wanted && !bpf_object__find_program_by_name(object, wanted))
		die(wanted);
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(
	    program, !wanted || !strcmp(bpf_program__name(program), wanted));
	if (bpf_object__load(object))
		die(path);
	return object;
}

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;

	if (argc < 2 || argc > 3)
		return 2;
	object = open_object(argv[1], argv[2]);
	bpf_object__for_each_program(program, object)
	{
		if (bpf_program__autoload(program) && !bpf_program__attach(program))
			die(bpf_program__section_name(program));
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	/* The kernel detaches as the process ends. */
	return 0;
}
