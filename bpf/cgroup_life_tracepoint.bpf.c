// SPDX-License-Identifier: GPL-2.0
/* Cgroups made and removed, with their paths: a container that lived for 50 ms still has its name.
 */
#include "program.h"
#include "cgroup_id.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} cgroup_events SEC(".maps");

/* The ring was full: user space walks the tree again. */
__u64 events_lost;

static __always_inline int emit(enum ds_cgroup_event_kind kind, struct cgroup *cgrp,
				const char *path)
{
	struct ds_cgroup_event *event = bpf_ringbuf_reserve(&cgroup_events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&events_lost, 1);
		return 0;
	}
	event->id = cgroup_id(cgrp);
	event->hierarchy = event->id >> DS_HIERARCHY_SHIFT;
	event->kind = kind;
	event->pad = 0;
	event->path_size = bpf_probe_read_kernel_str(event->path, sizeof(event->path), path);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(life_mkdir, struct cgroup *cgrp, const char *path)
{
	return emit(DS_CGROUP_MKDIR, cgrp, path);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(life_rmdir, struct cgroup *cgrp, const char *path)
{
	return emit(DS_CGROUP_RMDIR, cgrp, path);
}

char LICENSE[] SEC("license") = "GPL";
