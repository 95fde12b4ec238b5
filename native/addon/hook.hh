// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf_object.hh"
#include "kernel_btf.hh"

#include <dentryscope.h>
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
	uint32_t max_cgroups;
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
	~SharedMaps();
	void close_all();
	void lend(BpfObject &object) const;
	void keep(const BpfObject &object);
	int fd(const char *name) const;

      private:
	std::map<std::string, int> fds;
};

/* One thing to be seen, by the first backend that works. */
class Hook
{
      public:
	Hook(const char *name, const char *prefix) : name(name), prefix(prefix) {}

	void open(const Options &options, const KernelBtf &kernel, SharedMaps &maps);

	const std::string name;
	std::string backend; /* empty: none works */
	std::vector<Refusal> tried;
	std::unique_ptr<BpfObject> object;

      private:
	void attempt(const std::string &backend, const Options &options, const KernelBtf &kernel,
		     SharedMaps &maps);

	const std::string prefix;
};

} // namespace dentryscope
