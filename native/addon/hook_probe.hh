// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "guarded.hh"
#include "hook.hh"
#include "js.hh"

#include <memory>
#include <napi.h>

namespace dentryscope
{

/*
 * What the probes of TypeScript share. `Self` has hooks(), an array of Hook *, and missed(hook).
 *
 * Nothing is static, so any number live in any number of environments. Node finalizes wrapped
 * objects when an environment ends (exit, worker terminated), so their destructors detach even when
 * nobody called close(). Members stand in reverse order of death: readers go before the hooks,
 * hooks before the maps they share.
 */
template <typename Self> class HookProbe : public Napi::ObjectWrap<Self>
{
      public:
	using Napi::ObjectWrap<Self>::ObjectWrap;

	Napi::Value js_hooks(const Napi::CallbackInfo &info)
	{
		Napi::Env env = info.Env();

		check_open(env);
		return guarded(env, [&]() -> Napi::Value {
			auto out = Napi::Array::New(env);
			for (const Hook *hook : self().hooks())
				out.Set(out.Length(), js::hook(env, *hook, self().missed(*hook)));
			return out;
		});
	}

      protected:
	void check_open(Napi::Env env) const
	{
		if (closed)
			throw Napi::Error::New(env, "the probe is closed");
	}

	/* After the readers. */
	void close_hooks(SharedMaps &maps)
	{
		for (Hook *hook : self().hooks())
			hook->object.reset();
		maps.close_all();
		closed = true;
	}

      private:
	Self &self()
	{
		return static_cast<Self &>(*this);
	}

	bool closed = false;
};

} // namespace dentryscope
