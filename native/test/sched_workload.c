// SPDX-License-Identifier: Apache-2.0
/*
 * sched_workload OP ARGS...: waits that can be counted. It writes a line when it is ready and goes
 * on when it gets one, so that the counters can be read in between; what it prints at the end is
 * the kernel's own account of its processes.
 *
 * - pingpong CPU N PROCS PROCS: two real-time processes on one CPU hand a byte to and fro N times
 * - create DIR N PROCS: four processes make and unlink N files each in one directory, all at once
 * - frozen FILE N PROCS: N processes open a file of a file system that is frozen meanwhile
 * - hog CPU MS: keeps a CPU from all but its interrupts
 * - sleepers N MS: N threads that sleep MS at a time and do nothing else
 * - exec N: N processes, one after the other, whose second thread starts /bin/true in their place
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void must(int failed, const char *what)
{
	if (failed)
		die(what);
}

static void send(int fd)
{
	must(write(fd, "x", 1) != 1, "write");
}

static void receive(int fd)
{
	char byte;

	must(read(fd, &byte, 1) != 1, "read");
}

static void enter(const char *procs)
{
	int fd = open(procs, O_WRONLY);

	must(fd < 0 || write(fd, "0", 1) != 1, procs);
	close(fd);
}

/* Nobody but its like and the kernel's own highest takes the CPU from it. */
static void realtime_on(int cpu)
{
	struct sched_param parameter = {.sched_priority = 50};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
	must(sched_setscheduler(0, SCHED_FIFO, &parameter), "sched_setscheduler");
}

static void read_proc(int pid, const char *file, char *line, int size)
{
	char path[64];
	int fd, got;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY);
	got = fd < 0 ? -1 : read(fd, line, size - 1);
	must(got < 0, path);
	line[got] = 0;
	close(fd);
}

static void until_state(int pid, char state)
{
	char line[1024], *after;

	do {
		sched_yield();
		read_proc(pid, "stat", line, sizeof(line));
		after = strrchr(line, ')');
	} while (!after || after[2] != state);
}

struct account {
	unsigned long long ran_ns, waited_ns, times;
};

/* Documentation/scheduler/sched-stats.rst */
static struct account account_of(int pid)
{
	struct account account;
	char line[128];

	read_proc(pid, "schedstat", line, sizeof(line));
	must(sscanf(line, "%llu %llu %llu", &account.ran_ns, &account.waited_ns, &account.times) !=
		 3,
	     "schedstat");
	return account;
}

static void barrier(void)
{
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		exit(1);
}

static int start(int cpu, const char *procs, int in, int out, int rounds, int first, int begin,
		 int done)
{
	int pid = fork();

	if (pid)
		return pid;
	must(mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall");
	enter(procs);
	realtime_on(cpu);
	/* A round to warm up, then those that count. */
	for (int n = 1;; n = rounds) {
		if (first)
			receive(begin);
		for (int i = 0; i < n; i++) {
			if (first)
				send(out);
			receive(in);
			if (!first)
				send(out);
		}
		if (first)
			send(done);
	}
}

static void pingpong(char **args)
{
	int there[2], back[2], begin[2], done[2], pids[2];
	int cpu = atoi(args[0]), rounds = atoi(args[1]);
	struct account before[2];

	must(pipe(there) || pipe(back) || pipe(begin) || pipe(done), "pipe");
	pids[0] = start(cpu, args[2], back[0], there[1], rounds, 1, begin[0], done[1]);
	pids[1] = start(cpu, args[3], there[0], back[1], rounds, 0, begin[0], done[1]);
	for (int round = 0; round < 2; round++) {
		if (round) {
			barrier();
			for (int i = 0; i < 2; i++)
				before[i] = account_of(pids[i]);
		}
		send(begin[1]);
		receive(done[0]);
		until_state(pids[0], 'S');
		until_state(pids[1], 'S');
	}
	for (int i = 0; i < 2; i++) {
		struct account after = account_of(pids[i]);
		printf("%llu %llu\n", after.times - before[i].times,
		       after.waited_ns - before[i].waited_ns);
	}
	barrier();
	kill(pids[0], SIGKILL);
	kill(pids[1], SIGKILL);
}

static void create_files(int worker, int n)
{
	char name[64];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "c%d.%d", worker, i);
		int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
		must(fd < 0, name);
		close(fd);
		must(unlink(name), name);
	}
	exit(0);
}

static void wait_for(int count)
{
	int status;

	while (count--)
		must(wait(&status) < 0 || status, "a worker");
}

static void create(char **args)
{
	must(chdir(args[0]), args[0]);
	enter(args[2]);
	barrier();
	for (int worker = 0; worker < 4; worker++)
		if (!fork())
			create_files(worker, atoi(args[1]));
	wait_for(4);
	barrier();
}

static void frozen(char **args)
{
	int n = atoi(args[1]), pids[64];

	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		enter(args[2]);
		must(open(args[0], O_CREAT | O_WRONLY, 0600) < 0, args[0]);
		exit(0);
	}
	for (int i = 0; i < n; i++)
		until_state(pids[i], 'D');
	barrier();
	wait_for(n);
	barrier();
}

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void hog(char **args)
{
	unsigned long long until;

	realtime_on(atoi(args[0]));
	until = now_ns() + atoi(args[1]) * 1000000ull;
	while (now_ns() < until)
		;
}

static void *sleep_on_and_on(void *ms)
{
	while (!usleep(*(int *)ms * 1000))
		continue;
	return NULL;
}

/* Spread over the time: one of them always wakes up just now. */
static void sleepers(char **args)
{
	int n = atoi(args[0]), ms = atoi(args[1]);

	for (int i = 0; i < n; i++) {
		pthread_attr_t attributes;
		pthread_t thread;

		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, 64 << 10);
		must(pthread_create(&thread, &attributes, sleep_on_and_on, &ms), "pthread_create");
		usleep(ms * 1000 / n);
	}
	barrier();
}

static void *start_true(void *unused)
{
	execl("/bin/true", "true", NULL);
	die("/bin/true");
	return NULL;
}

static void exec_by_thread(char **args)
{
	for (int i = 0; i < atoi(args[0]); i++) {
		pthread_t thread;

		if (!fork()) {
			must(pthread_create(&thread, NULL, start_true, NULL), "pthread_create");
			pause();
		}
		wait_for(1);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		void (*run)(char **args);
		int args;
	} ops[] = {{"pingpong", pingpong, 4}, {"create", create, 3},
		   {"frozen", frozen, 3},     {"hog", hog, 2},
		   {"sleepers", sleepers, 2}, {"exec", exec_by_thread, 1}};

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (argc == ops[i].args + 2 && !strcmp(argv[1], ops[i].word)) {
			ops[i].run(argv + 2);
			return 0;
		}
	return 2;
}
