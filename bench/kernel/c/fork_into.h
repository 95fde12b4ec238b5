/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORK_INTO_H
#define FORK_INTO_H

#include "bench.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

/* A child born in that cgroup (v2): clone3(CLONE_INTO_CGROUP) (ef2c41cf38a7, 5.7). 0 in the child.
 */
static inline pid_t fork_into(const char *cgroup)
{
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY);
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = fd};

	if (fd < 0)
		die(cgroup);
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		die("clone3");
	close(fd);
	return pid;
}

#endif
