// SPDX-License-Identifier: Apache-2.0
/*
 * workload OP N DIR [CGROUP.PROCS...]: already running, enters the cgroups, does OP exactly N
 * times, writes how many failed for want of memory, exits. All it needs is open and resolved before
 * it enters, so that the cgroup is charged for the N operations alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char name[64];
static long out_of_memory;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void miss(void)
{
	if (!access(name, F_OK) || errno != ENOENT)
		die(name);
}

/* A failed lookup whose dentry may not be had: the cgroup is at its limit. */
static void miss_or_fail(void)
{
	if (!access(name, F_OK) || (errno != ENOENT && errno != ENOMEM))
		die(name);
	out_of_memory += errno == ENOMEM;
}

static void create(void)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (fd < 0)
		die(name);
	close(fd);
}

static void churn(void)
{
	create();
	if (unlink(name))
		die(name);
}

static void make_pipe(void)
{
	int ends[2];

	if (pipe(ends))
		die("pipe");
	close(ends[0]);
	close(ends[1]);
}

static void make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	close(fd);
}

static void idle(void) {}

static const struct op {
	const char *word;
	void (*run)(void);
} ops[] = {
    {"miss", miss},	 {"miss_or_fail", miss_or_fail}, {"create", create}, {"churn", churn},
    {"pipe", make_pipe}, {"socket", make_socket},	 {"idle", idle},
};

static void (*find(const char *word))(void)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(ops[i].word, word))
			return ops[i].run;
	fprintf(stderr, "no such operation: %s\n", word);
	exit(2);
}

static void enter(char **procs, int count)
{
	int fds[16];

	for (int i = 0; i < count; i++)
		if ((fds[i] = open(procs[i], O_WRONLY)) < 0)
			die(procs[i]);
	for (int i = 0; i < count; i++)
		if (write(fds[i], "0", 1) != 1)
			die(procs[i]);
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 20)
		return 2;
	void (*run)(void) = find(argv[1]);
	long n = atol(argv[2]);
	int pid = getpid();

	if (chdir(argv[3]))
		die(argv[3]);
	enter(argv + 4, argc - 4);
	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "w%d.%ld", pid, i);
		run();
	}
	/* Written, not printed: stdio would allocate. The child is still in its cgroup. */
	snprintf(name, sizeof(name), "%ld\n", out_of_memory);
	_exit(write(STDOUT_FILENO, name, strlen(name)) < 0);
}
