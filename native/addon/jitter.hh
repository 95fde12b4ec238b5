// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string>
#include <vector>

namespace dentryscope
{

struct JitterOptions {
	uint64_t period_ns;
	uint64_t stall_ns; /* a timer so late is an event */
};

struct LateTimer {
	unsigned cpu;
	uint64_t due_ns; /* CLOCK_MONOTONIC */
	uint64_t late_ns;
};

struct JitterSample {
	std::vector<unsigned> cpus;
	std::vector<uint64_t> max_late_ns; /* since the last drain, parallel to cpus */
	std::vector<unsigned> unseen;	   /* CPUs on which no thread may run, or which are off */
	std::vector<LateTimer> stalls;
	uint64_t stalls_lost = 0;
	std::string not_realtime; /* why a thread waits behind other tasks; empty: it doesn't */
};

/*
 * A thread on every CPU that sleeps until a moment and looks how late it is. A CPU that is held in
 * the kernel shows, whether or not the kernel has a watchdog. The destructor ends the threads,
 * at once unless their CPU is held.
 */
class Jitter
{
      public:
	explicit Jitter(const JitterOptions &options);
	~Jitter();
	Jitter(const Jitter &) = delete;
	Jitter &operator=(const Jitter &) = delete;

	JitterSample drain();

      private:
	struct Watch {
		Jitter *owner;
		unsigned cpu;
		pthread_t thread;
		std::atomic<uint64_t> due_ns{0}; /* 0: not asleep */
		std::atomic<uint64_t> max_late_ns{0};
		std::atomic<bool> seen{false};
		std::mutex lock; /* of what follows */
		std::condition_variable awake;
		bool poked = false;
	};

	static void *run(void *watch);
	static void sleep_until(Watch &watch, uint64_t due_ns);
	static void poke(Watch &watch);
	void watch_cpu(Watch &watch);
	bool settle(Watch &watch);
	void become_realtime();
	void record(Watch &watch, uint64_t due_ns, uint64_t late_ns);

	const JitterOptions options;
	std::atomic<bool> stopping{false};
	std::mutex lock; /* of what follows */
	std::vector<LateTimer> stalls;
	uint64_t stalls_lost = 0;
	std::string not_realtime;
	std::vector<std::unique_ptr<Watch>> watches;
	std::vector<unsigned>
	    unwatched; /* no thread could be made: a limit of processes, or memory */
};

} // namespace dentryscope
