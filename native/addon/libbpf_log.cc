// SPDX-License-Identifier: Apache-2.0
#include "libbpf_log.hh"

#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace dentryscope
{

/* libbpf's print hook is one a process, its calls come on the thread that called libbpf. */
static thread_local LibbpfLog *current;

static int capture(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list again;

	if (!current || level == LIBBPF_DEBUG)
		return 0;
	va_copy(again, args);
	/* The verifier's log comes in one call and is long. */
	std::string line(vsnprintf(nullptr, 0, format, again) + 1, '\0');
	va_end(again);
	vsnprintf(line.data(), line.size(), format, args);
	line.pop_back();
	current->text.append(line);
	return line.size();
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

static std::string line_at(const std::string &text, size_t start)
{
	return text.substr(start, text.find('\n', start) - start);
}

/* The line before the one that begins at `start`. */
static std::string line_before(const std::string &text, size_t start)
{
	if (start < 2)
		return "";
	size_t newline = text.rfind('\n', start - 2);
	return line_at(text, newline == std::string::npos ? 0 : newline + 1);
}

std::string LibbpfLog::reason() const
{
	/* The verifier's verdict is the line before its summary; without a verifier the first line
	 * is the cause. */
	size_t summary = text.rfind("\nprocessed ");

	if (summary != std::string::npos)
		return line_before(text, summary + 1);
	return line_at(text, 0);
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
