/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CGROUP_ID_H
#define CGROUP_ID_H

#include "dentryscope.h"
#include "kernel_types.h"

const volatile struct ds_cgroup_rule rule = {};

/*
 * bpf_get_current_task_btf() came with 5.11 (3ca1032ab7ab): its pointer may be followed by plain
 * loads, at a third of the cost of probe reads. The test is a constant after relocation, so the
 * verifier drops the other branch.
 */
#define has_task_btf() bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

#define kernel_read(ptr, field)                                                                    \
	({                                                                                         \
		typeof((ptr)->field) __value;                                                      \
		if (has_task_btf())                                                                \
			__value = (ptr)->field;                                                    \
		else                                                                               \
			bpf_core_read(&__value, sizeof(__value), &(ptr)->field);                   \
		__value;                                                                           \
	})

static __always_inline __u64 cgroup_id(struct cgroup *cgrp)
{
	struct kernfs_node *kn = kernel_read(cgrp, kn);
	struct cgroup_root *root = kernel_read(cgrp, root);

	return kernel_read(kn, id) | (__u64)kernel_read(root, hierarchy_id) << DS_HIERARCHY_SHIFT;
}

static __always_inline struct css_set *current_css_set(void)
{
	struct task_struct *task;

	if (has_task_btf())
		task = bpf_get_current_task_btf();
	else
		task = (struct task_struct *)bpf_get_current_task();
	return kernel_read(task, cgroups);
}

static __always_inline struct cgroup *v1_cgroup(struct css_set *cset, __u32 subsys)
{
	struct cgroup_subsys_state **slot = &cset->subsys[0] + subsys;
	struct cgroup_subsys_state *css;

	if (has_task_btf())
		css = *slot;
	else
		bpf_probe_read_kernel(&css, sizeof(css), slot);
	return kernel_read(css, cgroup);
}

/* The first v1 hierarchy of the rule in which the task is below the root; 0 for none. */
static __always_inline __u64 v1_cgroup_id(struct css_set *cset)
{
#pragma unroll
	for (int i = 0; i < DS_MAX_V1; i++) {
		struct cgroup *cgrp;

		if (i >= rule.nr_v1)
			break;
		cgrp = v1_cgroup(cset, rule.v1_subsys[i]);
		if (kernel_read(cgrp, level))
			return cgroup_id(cgrp);
	}
	return 0;
}

/*
 * Who pays. A task is in one cgroup of every hierarchy, and a host may keep its containers in v2,
 * in v1, or (hybrid) in both: the first hierarchy in which the task is not in the root answers. In
 * all of them the root: the id 1, which is the root of v2 whether mounted or not. The rule is
 * constant to the verifier: a v2 host runs no v1 code.
 */
static __always_inline __u64 css_set_cgroup_id(struct css_set *cset)
{
	struct cgroup *dfl = kernel_read(cset, dfl_cgrp);
	struct kernfs_node *kn = kernel_read(dfl, kn);
	__u64 id;

	if (!rule.nr_v1)
		return kernel_read(kn, id);
	if (!rule.prefer_v1 && kernel_read(dfl, level))
		return kernel_read(kn, id);
	id = v1_cgroup_id(cset);
	return id ? id : kernel_read(kn, id);
}

static __always_inline __u64 current_cgroup_id(void)
{
	return css_set_cgroup_id(current_css_set());
}

/* Of a task that need not be the current one. */
static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return css_set_cgroup_id(kernel_read(task, cgroups));
}

#endif
