// SPDX-License-Identifier: Apache-2.0
/*
 * once DIR CGROUP...: in each of these cgroups (v2) a child is born, looks one name up that was
 * never there, and ends.
 */
#include "bench.h"
#include "fork_into.h"

#include <sys/wait.h>

int main(int argc, char **argv)
{
	char name[32];
	int status;

	if (argc < 3)
		return 2;
	if (chdir(argv[1]))
		die(argv[1]);
	for (int i = 2; i < argc; i++) {
		snprintf(name, sizeof(name), "once%d", i);
		pid_t pid = fork_into(argv[i]);
		if (!pid)
			_exit(!access(name, F_OK) || errno != ENOENT);
		if (waitpid(pid, &status, 0) != pid || status)
			die("child");
	}
	return 0;
}
