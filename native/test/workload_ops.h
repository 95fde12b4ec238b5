/* SPDX-License-Identifier: Apache-2.0 */
/* What workload.c can do N times. Each works on `name` (and `other`), which is new each time. */
#ifndef WORKLOAD_OPS_H
#define WORKLOAD_OPS_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char name[64], other[64], shared[64], origin[64];
static long out_of_memory;
/* What names begin with: NAMES of the environment, for a process that works on another's; else the
 * pid. */
static const char *ours;

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline void set_name(long i)
{
	snprintf(name, sizeof(name), "w%s.%ld", ours, i);
	snprintf(other, sizeof(other), "v%s.%ld", ours, i);
	snprintf(shared, sizeof(shared), "shared.%ld", i);
}

static inline void miss_of(const char *path)
{
	if (!access(path, F_OK) || errno != ENOENT)
		die(path);
}

static inline void miss(void)
{
	miss_of(name);
}

/* Two processes of one CPU take turns, of so many misses. */
#define TURN 10

static inline void miss_in_turn(void)
{
	static int made;

	miss();
	if (++made % TURN == 0)
		sched_yield();
}

/* The same names in every process. */
static inline void miss_shared(void)
{
	miss_of(shared);
}

/* A failed lookup whose dentry may not be had: the cgroup is at its limit. */
static inline void miss_or_fail(void)
{
	if (!access(name, F_OK) || (errno != ENOENT && errno != ENOMEM))
		die(name);
	out_of_memory += errno == ENOMEM;
}

static inline int create_open(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

static inline void create(void)
{
	close(create_open(name));
}

static inline void unlink_name(void)
{
	if (unlink(name))
		die(name);
}

static inline void churn(void)
{
	create();
	unlink_name();
}

static inline void create_unlink_close(void)
{
	int fd = create_open(name);

	unlink_name();
	close(fd);
}

static inline void make_directory(void)
{
	if (mkdir(name, 0700))
		die(name);
}

static inline void make_remove_directory(void)
{
	make_directory();
	if (rmdir(name))
		die(name);
}

static inline void rename_name(void)
{
	if (rename(name, other))
		die(name);
}

static inline void create_rename(void)
{
	create();
	rename_name();
}

static inline void create_rename_over(void)
{
	create();
	close(create_open(other));
	rename_name();
}

static inline void stat_name(void)
{
	struct stat found;

	if (stat(name, &found))
		die(name);
}

static inline void hard_link(void)
{
	if (link(origin, name))
		die(name);
}

static inline void symbolic_link(void)
{
	if (symlink(origin, name))
		die(name);
}

static inline void unnamed_file(void)
{
	int fd = open(".", O_TMPFILE | O_WRONLY, 0600);

	if (fd < 0)
		die("O_TMPFILE");
	close(fd);
}

static inline void miss_create_unlink(void)
{
	miss();
	create();
	unlink_name();
}

static inline void make_pipe(void)
{
	int ends[2];

	if (pipe(ends))
		die("pipe");
	close(ends[0]);
	close(ends[1]);
}

static inline void make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	close(fd);
}

/* A dentry of a file system that nobody mounts, and none of those that d_alloc_pseudo() makes. */
static inline void open_namespace(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY);

	if (fd < 0)
		die("/proc/self/ns/uts");
	close(fd);
}

/* So is this since 6.9; before it is one that all share. */
static inline void open_pidfd(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		die("pidfd_open");
	close(fd);
}

static inline void idle(void) {}

/* What the links point to is there before the cgroups are entered. */
static inline void prepare_names(long n)
{
	static char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	ours = getenv("NAMES") ? getenv("NAMES") : pid;
	snprintf(origin, sizeof(origin), "o%s", pid);
	close(create_open(origin));
	set_name(n);
}

#endif
