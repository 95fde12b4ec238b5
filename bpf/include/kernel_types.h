/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few kernel types the programs read. Only names and types of the fields matter:
 * preserve_access_index makes libbpf put in the running kernel's offsets (CO-RE), so no vmlinux.h
 * of one kernel is kept here.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <linux/types.h>

#define __core __attribute__((preserve_access_index))

struct kernfs_node {
	__u64 id;
} __core;

struct cgroup_root {
	int hierarchy_id;
} __core;

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
} __core;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
} __core;

struct css_set {
	struct cgroup_subsys_state *subsys[1]; /* CGROUP_SUBSYS_COUNT of them */
	struct cgroup *dfl_cgrp;
} __core;

struct task_struct {
	struct css_set *cgroups;
	int pid;
	int on_cpu;
	unsigned int __state;
	char comm[16];
} __core;

/* __state was called so before 2f064a59a11f (5.14). */
struct task_struct___state {
	long state;
} __core;

struct hlist_node;

struct hlist_head {
	struct hlist_node *first;
} __core;

struct inode {
	unsigned short i_mode;
	struct hlist_head i_dentry;
} __core;

struct lockref {
	int count;
} __core;

struct super_block {
	unsigned long s_flags;
} __core;

struct dentry {
	unsigned int d_flags;
	struct inode *d_inode;
	struct lockref d_lockref;
	struct super_block *d_sb;
} __core;

struct kmem_cache {
	const char *name;
} __core;

struct qstr;

#endif
