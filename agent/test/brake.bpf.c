// SPDX-License-Identifier: GPL-2.0
/* Holds one task in the kernel for seconds, when it is about to free dentries: a stall whose stack
 * is known. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* As in brake.c. */
struct control {
	__u64 source; /* kernel memory to read, over and over */
	__u64 hold_ns;
	__u64 victim; /* process id; 0: nobody any more */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[4 << 20]);
} scratch SEC(".maps");

SEC("fentry/shrink_dentry_list")
int brake(void *ctx)
{
	__u64 start = bpf_ktime_get_ns();
	__u32 key = 0;
	struct control *wanted = bpf_map_lookup_elem(&control, &key);
	char *value = bpf_map_lookup_elem(&scratch, &key);

	if (!wanted || !value || bpf_get_current_pid_tgid() >> 32 != wanted->victim)
		return 0;
	wanted->victim = 0;
	for (int i = 0; i < 4000; i++) {
		bpf_probe_read_kernel(value, 4 << 20, (void *)wanted->source);
		if (bpf_ktime_get_ns() - start > wanted->hold_ns)
			break;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
