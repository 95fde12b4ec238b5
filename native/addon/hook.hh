// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf_object.hh"
#include "kernel_btf.hh"
#include "live_sample.hh"

#include <dentryscope.h>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dentryscope
{

struct Options {
	std::string bpf_dir;
	std::vector<std::string> backends; /* in the order of trial */
	std::vector<std::string> hooks;	   /* of Probe */
	uint32_t max_cgroups;
	LiveOptions live;
	uint32_t event_ring_bytes;
	bool prefer_v1;
	std::vector<std::string> v1_controllers;
};

struct Refusal {
	std::string backend;
	std::string error;
};

/* Maps that hooks share, by name: whoever loads first makes them. Owns the descriptors. */
class SharedMaps
{
      public:
	explicit SharedMaps(std::vector<const char *> names) : names(std::move(names)) {}
	~SharedMaps();
	void close_all();
	void lend(BpfObject &object) const;
	void keep(const BpfObject &object);
	int fd(const char *name) const;
	bool empty() const
	{
		return fds.empty();
	}

      private:
	const std::vector<const char *> names;
	std::map<std::string, int> fds;
};

/* One thing to be seen, by the first backend that works. */
class Hook
{
      public:
	/* What the backends of a hook have in common. */
	struct Spec {
		const char *name;
		/* The programs are those of `<stem>_<backend>.bpf.o` whose names start so. */
		const char *stem;
		const char *prefix;
		/* Seen by a tracepoint that exists wherever the hook makes sense: nothing else is
		 * tried. */
		bool tracepoint_only = false;
		/* Throws BpfError where `backend` can't work here and the kernel's own words would
		   be a riddle. */
		std::function<void(const std::string &backend, const KernelBtf &kernel)> check = {};
		/* Before load: rodata, constants and map sizes beside `rule`. */
		std::function<void(const std::string &backend, BpfObject &object,
				   const KernelBtf &kernel)>
		    prepare = {};
		/* Between load and attach, of the first object of a set of shared maps. */
		std::function<void(const BpfObject &object)> first = {};
		std::function<void(const std::string &backend, BpfObject &object)> attached = {};
	};

	explicit Hook(Spec spec) : name(spec.name), spec(std::move(spec)) {}

	void open(const Options &options, const KernelBtf &kernel, SharedMaps &maps);

	const std::string name;
	std::string backend; /* empty: none works */
	std::vector<Refusal> tried;
	std::unique_ptr<BpfObject> object;

      private:
	void attempt(const std::string &backend, const Options &options, const KernelBtf &kernel,
		     SharedMaps &maps);

	const Spec spec;
};

} // namespace dentryscope
