// SPDX-License-Identifier: Apache-2.0
#include "libbpf_log.hh"

#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <vector>

namespace dentryscope
{

/* libbpf's print hook is one a process, its calls come on the thread that called libbpf. */
static thread_local LibbpfLog *current;

static int capture(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[4096];

	if (!current || level == LIBBPF_DEBUG)
		return 0;
	int length = vsnprintf(line, sizeof(line), format, args);
	current->text.append(line);
	return length;
}

LibbpfLog::LibbpfLog() : outer(current)
{
	static std::once_flag once;

	std::call_once(once, [] { libbpf_set_print(capture); });
	current = this;
}

LibbpfLog::~LibbpfLog()
{
	current = outer;
}

static std::vector<std::string> lines_of(const std::string &text)
{
	std::vector<std::string> lines;
	size_t start = 0;

	while (start < text.size()) {
		size_t end = std::min(text.find('\n', start), text.size());
		if (end > start)
			lines.push_back(text.substr(start, end - start));
		start = end + 1;
	}
	return lines;
}

static bool is_noise(const std::string &line)
{
	static const char *noise[] = {"-- BEGIN",	   "-- END",
				      "processed ",	   "failed to load object",
				      "verification time", "stack depth"};

	for (const char *word : noise)
		if (line.find(word) != std::string::npos)
			return true;
	return false;
}

std::string LibbpfLog::reason() const
{
	auto lines = lines_of(text);
	std::string last;

	/* The verifier's verdict stands last in its log; without a log, libbpf's first line is the
	 * cause. */
	size_t end = text.find("-- END PROG LOAD LOG --");
	for (const auto &line : lines) {
		if (is_noise(line))
			continue;
		last = line;
		if (end == std::string::npos)
			break;
		if (line.rfind("libbpf:", 0) != 0 && text.find(line) > end)
			break;
	}
	return last;
}

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	/* ENOTSUPP, which tracing gives for what it can't attach to, never made it to user space's
	 * list. */
	return name ? name : err == 524 ? "ENOTSUPP" : "errno";
}

std::string errno_text(int err)
{
	if (err < 0)
		err = -err;
	std::string text = err == 524 ? "not supported by this kernel" : strerror(err);
	return std::string(errno_name(err)) + ": " + text;
}

} // namespace dentryscope
