// SPDX-License-Identifier: Apache-2.0
/*
 * workload OP N DIR [CGROUP.PROCS...]: already running, prepares what OP wants, enters the cgroups,
 * does OP exactly N times, writes one line of JSON, exits. All it needs is open and resolved before
 * it enters, so that the cgroup is charged for the N operations alone. The line tells how many
 * failed for want of memory, and by how much /proc/sys/fs/dentry-state changed from the first
 * operation to the last, and (miss_moved) how often the task left its CPU during the move.
 */
#include "workload_moved.h"
#include "workload_ops.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void (*no)(void) = NULL;

static const struct op {
	const char *word;
	void (*prepare)(void); /* for each name, before the cgroups are entered */
	void (*run)(void);
	int cold; /* the caches are dropped in between */
} ops[] = {
    {"idle", NULL, idle, 0},
    {"miss", NULL, miss, 0},
    {"miss_again", miss, miss, 0},
    {"miss_or_fail", NULL, miss_or_fail, 0},
    {"miss_in_turn", NULL, miss_in_turn, 0},
    {"miss_shared", NULL, miss_shared, 0},
    {"create", NULL, create, 0},
    {"create_close_unlink", NULL, churn, 0},
    {"create_unlink_close", NULL, create_unlink_close, 0},
    {"unlink", NULL, unlink_name, 0},
    {"unlink_old", create, unlink_name, 0},
    {"mkdir", NULL, make_directory, 0},
    {"mkdir_rmdir", NULL, make_remove_directory, 0},
    {"create_rename", NULL, create_rename, 0},
    {"create_rename_over", NULL, create_rename_over, 0},
    {"stat_cached", create, stat_name, 0},
    {"stat_cold", create, stat_name, 1},
    {"link", NULL, hard_link, 0},
    {"symlink", NULL, symbolic_link, 0},
    {"tmpfile", NULL, unnamed_file, 0},
    {"miss_create_unlink", NULL, miss_create_unlink, 0},
    {"pipe", NULL, make_pipe, 0},
    {"socket", NULL, make_socket, 0},
    {"namespace", open_namespace, open_namespace, 0},
    {"pidfd", NULL, open_pidfd, 0},
};

static const struct op *find(const char *word)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (!strcmp(ops[i].word, word))
			return &ops[i];
	fprintf(stderr, "no such operation: %s\n", word);
	exit(2);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		die(path);
	return fd;
}

static void write_or_die(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write");
}

struct state {
	long dentries, unused, negative;
};

static struct state read_state(int fd)
{
	char text[128];
	struct state state;
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	if (size <= 0)
		die("dentry-state");
	text[size] = 0;
	if (sscanf(text, "%ld %ld %*d %*d %ld", &state.dentries, &state.unused, &state.negative) !=
	    3)
		die("dentry-state");
	return state;
}

static void each(long n, void (*run)(void))
{
	for (long i = 0; i < n; i++) {
		set_name(i);
		run();
	}
}

/* At the memory limit of its cgroup a socket has no room for a moment: reclaim makes some. */
static int write_in_time(const char *text, int size)
{
	for (int tries = 0; tries < 5000; tries++) {
		if (write(STDOUT_FILENO, text, size) == size)
			return 0;
		if (errno != ENOMEM && errno != ENOBUFS)
			break;
		usleep(1000);
	}
	perror("stdout");
	return 1;
}

/* Written, not printed: stdio would allocate. The child is still in its cgroup. */
static int tell(struct state before, struct state after)
{
	char line[256];
	int size =
	    snprintf(line, sizeof(line),
		     "{\"failed\":%ld,\"dentries\":%ld,\"unused\":%ld,\"negative\":%ld,"
		     "\"switches\":%ld}\n",
		     out_of_memory, after.dentries - before.dentries, after.unused - before.unused,
		     after.negative - before.negative, moved_switches);

	return write_in_time(line, size);
}

int main(int argc, char **argv)
{
	int procs[16], count = argc - 4;

	if (argc < 4 || count > 16)
		return 2;
	/* miss_moving: half of the misses in the first cgroup, half in the second;
	 * miss_alternating: there and back; miss_moved: another moves it (workload_moved.h). */
	int moving = !strcmp(argv[1], "miss_moving"),
	    alternating = !strcmp(argv[1], "miss_alternating"),
	    threads = !strcmp(argv[1], "miss_moved_threads"),
	    moved = threads || !strcmp(argv[1], "miss_moved");
	const struct op *op = find(moving || alternating || moved ? "miss" : argv[1]);
	long n = atol(argv[2]);

	if (chdir(argv[3]))
		die(argv[3]);
	prepare_names(n);
	if (op->prepare != no)
		each(n, op->prepare);
	if (op->cold) {
		sync();
		write_or_die(open_or_die("/proc/sys/vm/drop_caches", O_WRONLY), "2");
	}
	for (int i = 0; i < count; i++)
		procs[i] = open_or_die(argv[4 + i], O_WRONLY);
	int state_fd = open_or_die("/proc/sys/fs/dentry-state", O_RDONLY);

	if (moved)
		start_mover(procs[1]);
	for (int i = 0; i < (moving || alternating || moved ? 1 : count); i++)
		write_or_die(procs[i], "0");
	struct state before = read_state(state_fd);

	if (threads)
		run_moved_thread(n);
	else if (moved)
		run_moved(&n);
	for (long i = 0; i < n && !moved; i++) {
		if (moving && i == n / 2)
			write_or_die(procs[1], "0");
		if (alternating)
			write_or_die(procs[i % 2], "0");
		set_name(i);
		op->run();
	}
	_exit(tell(before, read_state(state_fd)));
}
