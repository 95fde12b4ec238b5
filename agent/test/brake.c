// SPDX-License-Identifier: Apache-2.0
/* brake OBJECT SECONDS COMMAND...: runs the command, held in the kernel for so long when it is
 * about to free dentries. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in brake.bpf.c. */
struct control {
	unsigned long long source;
	unsigned long long hold_ns;
	unsigned long long victim;
};

static unsigned long long kernel_text(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char line[512];

	while (symbols && fgets(line, sizeof(line), symbols))
		if (strstr(line, " _stext\n") && sscanf(line, "%llx", &address) == 1)
			return address;
	return 0;
}

/* Waits until it is watched, then becomes the command. */
static void become(int ready, char **command)
{
	char byte;

	if (read(ready, &byte, 1) == 1)
		execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc > 3 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct control control = {.source = kernel_text()};
	unsigned int first = 0;
	int ready[2], status, map;

	if (!object || !control.source || bpf_object__load(object) || pipe(ready))
		return 2;
	if (!bpf_program__attach(bpf_object__find_program_by_name(object, "brake")))
		return 3;
	control.victim = fork();
	if (!control.victim)
		become(ready[0], argv + 3);
	control.hold_ns = strtoull(argv[2], NULL, 10) * 1000000000ull;
	map = bpf_object__find_map_fd_by_name(object, "control");
	if (bpf_map_update_elem(map, &first, &control, 0) || write(ready[1], "", 1) != 1)
		return 4;
	return waitpid(control.victim, &status, 0) < 0 || status ? 5 : 0;
}
