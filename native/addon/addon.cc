// SPDX-License-Identifier: Apache-2.0
#include "cgroup_files.hh"
#include "layouts.hh"
#include "path.hh"
#include "probe.hh"
#include "reclaim_probe.hh"
#include "sched_probe.hh"
#include "startup_memory.hh"
#include "timer_jitter.hh"

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
	exports.Set("Probe", dentryscope::Probe::define(env));
	exports.Set("ReclaimProbe", dentryscope::ReclaimProbe::define(env));
	exports.Set("SchedProbe", dentryscope::SchedProbe::define(env));
	exports.Set("TimerJitter", dentryscope::TimerJitter::define(env));
	exports.Set("CgroupFiles", dentryscope::CgroupFiles::define(env));
	exports.Set("cgroupInode", Napi::Function::New(env, dentryscope::cgroup_inode));
	exports.Set("layouts", Napi::Function::New(env, dentryscope::layouts));
	exports.Set("releaseStartupMemory",
		    Napi::Function::New(env, dentryscope::release_startup_memory));
	exports.Set("filesystemMagic", Napi::Function::New(env, dentryscope::filesystem_magic));
	return exports;
}

NODE_API_MODULE(dentryscope, init)
