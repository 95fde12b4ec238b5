// SPDX-License-Identifier: Apache-2.0
#include "jitter.hh"

#include "cpus.hh"
#include "libbpf_log.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <utility>

namespace dentryscope
{

static constexpr uint64_t second_ns = 1000000000;
static constexpr size_t max_stalls = 1000;
/* Needs no more; the default is 8 MiB of address space a CPU. */
static constexpr size_t stack_bytes = 128 << 10;

static uint64_t now_ns()
{
	timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * second_ns + now.tv_nsec;
}

static bool is_online(unsigned cpu)
{
	std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online");
	char state = '1';

	/* No such file: a CPU that can't be taken away. */
	file >> state;
	return state == '1';
}

Jitter::Jitter(const JitterOptions &options) : options(options)
{
	const std::vector<unsigned> &cpus = possible_cpus();
	pthread_attr_t attributes;
	sigset_t all, before;

	/* Signals are for the threads of node. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, stack_bytes);
	for (unsigned cpu : cpus) {
		auto watch = std::make_unique<Watch>();

		watch->owner = this;
		watch->cpu = cpu;
		if (pthread_create(&watch->thread, &attributes, run, watch.get()) == 0)
			watches.push_back(std::move(watch));
		else
			unwatched.push_back(cpu);
	}
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Jitter::~Jitter()
{
	stopping = true;
	for (auto &watch : watches) {
		poke(*watch);
		pthread_join(watch->thread, nullptr);
	}
}

void *Jitter::run(void *argument)
{
	auto *watch = static_cast<Watch *>(argument);

	pthread_setname_np(pthread_self(), "dentryscope-jit");
	/* Else the kernel may add 50 us to the sleep of a task that is not real-time. */
	prctl(PR_SET_TIMERSLACK, 1);
	watch->owner->become_realtime();
	watch->owner->watch_cpu(*watch);
	return nullptr;
}

/* The lowest real-time priority is before all ordinary tasks. */
void Jitter::become_realtime()
{
	sched_param parameter = {.sched_priority = 1};
	int err = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameter);

	if (!err)
		return;
	std::lock_guard held(lock);
	not_realtime = errno_text(err);
}

/* A CPU that went away took its thread elsewhere; one that came back takes it again. */
bool Jitter::settle(Watch &watch)
{
	cpu_set_t *set;

	if (watch.seen && sched_getcpu() == int(watch.cpu))
		return true;
	set = CPU_ALLOC(watch.cpu + 1);
	size_t size = CPU_ALLOC_SIZE(watch.cpu + 1);
	CPU_ZERO_S(size, set);
	CPU_SET_S(watch.cpu, size, set);
	watch.seen =
	    !pthread_setaffinity_np(pthread_self(), size, set) && sched_getcpu() == int(watch.cpu);
	CPU_FREE(set);
	return watch.seen;
}

/*
 * Not clock_nanosleep(): Linux 5.10 can lose a timer that is set on a CPU about to go
 * (pull_rt_task() brings the thread there, and enqueue_hrtimer() warns), and nothing but a wake-up
 * ends that sleep.
 */
void Jitter::sleep_until(Watch &watch, uint64_t due_ns)
{
	std::chrono::steady_clock::time_point due{std::chrono::nanoseconds(due_ns)};
	std::unique_lock held(watch.lock);

	watch.awake.wait_until(held, due, [&] { return watch.poked; });
	watch.poked = false;
}

void Jitter::poke(Watch &watch)
{
	std::lock_guard held(watch.lock);

	watch.poked = true;
	watch.awake.notify_one();
}

void Jitter::watch_cpu(Watch &watch)
{
	settle(watch);
	while (!stopping) {
		uint64_t due = now_ns() + options.period_ns;
		bool settled = watch.seen;

		watch.due_ns = due;
		sleep_until(watch, due);
		watch.due_ns = 0;
		uint64_t woken = now_ns();
		if (settled && settle(watch))
			record(watch, due, woken > due ? woken - due : 0);
		else if (!settled)
			settle(watch);
	}
}

void Jitter::record(Watch &watch, uint64_t due_ns, uint64_t late_ns)
{
	uint64_t highest = watch.max_late_ns;

	while (late_ns > highest && !watch.max_late_ns.compare_exchange_weak(highest, late_ns))
		;
	if (late_ns < options.stall_ns)
		return;
	std::lock_guard held(lock);
	if (stalls.size() < max_stalls)
		stalls.push_back({watch.cpu, due_ns, late_ns});
	else
		stalls_lost++;
}

JitterSample Jitter::drain()
{
	JitterSample sample;

	sample.unseen = unwatched;
	for (auto &watch : watches) {
		uint64_t due = watch->due_ns, now = now_ns();
		uint64_t late = watch->max_late_ns.exchange(0);

		/* Its sleep may never end, on whatever CPU it is: see sleep_until(). */
		if (due && now > due + options.period_ns &&
		    !(watch->seen && is_online(watch->cpu))) {
			poke(*watch);
			watch->seen = false;
		}
		/* One that is held right now counts as late as it is so far. */
		if (due && now > due)
			late = std::max(late, now - due);
		if (!watch->seen) {
			sample.unseen.push_back(watch->cpu);
			continue;
		}
		sample.cpus.push_back(watch->cpu);
		sample.max_late_ns.push_back(late);
	}
	std::lock_guard held(lock);
	sample.stalls = std::exchange(stalls, {});
	sample.stalls_lost = stalls_lost;
	sample.not_realtime = not_realtime;
	return sample;
}

} // namespace dentryscope
