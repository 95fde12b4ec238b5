{
  "targets": [
    {
      "target_name": "dentryscope",
      "includes": ["../scripts/addon.gypi"],
      "sources": [
        "addon/addon.cc",
        "addon/bpf_object.cc",
        "addon/cgroup_events.cc",
        "addon/cgroup_files.cc",
        "addon/checks.cc",
        "addon/counter_table.cc",
        "addon/cpus.cc",
        "addon/dentry_counts.cc",
        "addon/dentry_hooks.cc",
        "addon/hook.cc",
        "addon/jitter.cc",
        "addon/js.cc",
        "addon/kernel_btf.cc",
        "addon/layouts.cc",
        "addon/libbpf_log.cc",
        "addon/live_sample.cc",
        "addon/path.cc",
        "addon/probe.cc",
        "addon/reclaim_counts.cc",
        "addon/reclaim_hooks.cc",
        "addon/reclaim_js.cc",
        "addon/reclaim_probe.cc",
        "addon/sched_hooks.cc",
        "addon/sched_js.cc",
        "addon/sched_probe.cc",
        "addon/stall_ring.cc",
        "addon/startup_memory.cc",
        "addon/timer_jitter.cc"
      ],
      "include_dirs": ["../bpf/include"],
      "cflags_cc": ["<!@(pkg-config --cflags libbpf)"],
      "libraries": ["<!@(pkg-config --libs libbpf)"]
    }
  ]
}
