// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "jitter.hh"

#include <memory>
#include <napi.h>

namespace dentryscope
{

/* Jitter for JavaScript: its threads end at close(), or with the environment, which finalizes it.
 */
class TimerJitter : public Napi::ObjectWrap<TimerJitter>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit TimerJitter(const Napi::CallbackInfo &info);

      private:
	Napi::Value js_drain(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	std::unique_ptr<Jitter> jitter;
};

} // namespace dentryscope
