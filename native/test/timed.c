// SPDX-License-Identifier: Apache-2.0
/*
 * timed OP [PATH]: makes one system call that frees dentries, and writes
 * "NANOSECONDS NR_DENTRY_BEFORE NR_DENTRY_AFTER". What it needs is open before, so that the figures
 * hold the call alone.
 *
 * timed hog: for each byte read touches 4 MiB more of anonymous memory, and answers with a byte.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define HOG_STEP (4L << 20)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static long nr_dentry(int state)
{
	char text[128] = {};

	if (pread(state, text, sizeof(text) - 1, 0) <= 0)
		die("dentry-state");
	return atol(text);
}

static long now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000L + at.tv_nsec;
}

static int drop_caches;

static int call(const char *op, const char *path)
{
	if (!strcmp(op, "drop_caches"))
		return write(drop_caches, "2", 1) != 1;
	if (!strcmp(op, "remount"))
		return mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	return umount(path);
}

static int hog(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		char *more = mmap(NULL, HOG_STEP, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (more == MAP_FAILED)
			die("mmap");
		for (long at = 0; at < HOG_STEP; at += 4096)
			more[at] = 1;
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			die("write");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "hog"))
		return hog();
	if (argc != 3)
		return 2;
	int state = open_or_die("/proc/sys/fs/dentry-state", O_RDONLY);
	drop_caches = open_or_die("/proc/sys/vm/drop_caches", O_WRONLY);
	/* Dirty pages are not what is timed. */
	sync();
	now_ns();
	long before = nr_dentry(state);
	long start = now_ns();
	int failed = call(argv[1], argv[2]);
	long ns = now_ns() - start;
	long after = nr_dentry(state);

	if (failed)
		die(argv[1]);
	printf("%ld %ld %ld\n", ns, before, after);
	return 0;
}
