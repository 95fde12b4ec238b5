// SPDX-License-Identifier: Apache-2.0
#include "timer_jitter.hh"

#include "guarded.hh"

namespace dentryscope
{

Napi::Function TimerJitter::define(Napi::Env env)
{
	return DefineClass(env, "TimerJitter",
			   {InstanceMethod<&TimerJitter::js_drain>("drain"),
			    InstanceMethod<&TimerJitter::js_close>("close")});
}

TimerJitter::TimerJitter(const Napi::CallbackInfo &info) : Napi::ObjectWrap<TimerJitter>(info)
{
	auto from = info[0].As<Napi::Object>();
	bool lossless;

	JitterOptions options = {
	    .period_ns = from.Get("periodNs").As<Napi::BigInt>().Uint64Value(&lossless),
	    .stall_ns = from.Get("stallNs").As<Napi::BigInt>().Uint64Value(&lossless),
	};
	guarded(info.Env(), [&] { jitter = std::make_unique<Jitter>(options); });
}

static Napi::Value numbers(Napi::Env env, const std::vector<unsigned> &values)
{
	auto out = Napi::Array::New(env, values.size());

	for (size_t i = 0; i < values.size(); i++)
		out.Set(i, values[i]);
	return out;
}

static Napi::Value late_timers(Napi::Env env, const std::vector<LateTimer> &stalls)
{
	auto out = Napi::Array::New(env, stalls.size());

	for (size_t i = 0; i < stalls.size(); i++) {
		auto item = Napi::Object::New(env);
		item.Set("cpu", stalls[i].cpu);
		item.Set("dueNs", Napi::BigInt::New(env, stalls[i].due_ns));
		item.Set("lateNs", Napi::BigInt::New(env, stalls[i].late_ns));
		out.Set(i, item);
	}
	return out;
}

Napi::Value TimerJitter::js_drain(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	if (!jitter)
		throw Napi::Error::New(env, "the timers are closed");
	JitterSample sample = jitter->drain();
	auto out = Napi::Object::New(env);
	auto late = Napi::BigUint64Array::New(env, sample.max_late_ns.size());
	std::copy(sample.max_late_ns.begin(), sample.max_late_ns.end(), late.Data());
	out.Set("cpus", numbers(env, sample.cpus));
	out.Set("maxLateNs", late);
	out.Set("unseen", numbers(env, sample.unseen));
	out.Set("stalls", late_timers(env, sample.stalls));
	out.Set("stallsLost", Napi::BigInt::New(env, sample.stalls_lost));
	out.Set("notRealtime", sample.not_realtime.empty()
				   ? env.Null()
				   : Napi::String::New(env, sample.not_realtime));
	return out;
}

void TimerJitter::js_close(const Napi::CallbackInfo &)
{
	jitter.reset();
}

} // namespace dentryscope
