// SPDX-License-Identifier: Apache-2.0
/* gzip(bytes): one gzip member (RFC 1952) by ISA-L's igzip, https://github.com/intel/isa-l. */
#include <isa-l/igzip_lib.h>
#include <napi.h>
#include <vector>

namespace
{

/* Level 1 finds about what zlib's level 1 does. More would need larger buffers. */
constexpr uint32_t LEVEL = 1;
constexpr size_t FIRST_BYTES = 1 << 18;

/* Memory that is kept from one call to the next; one of an environment, that is of a thread. */
class Gzip
{
      public:
	/* @returns a view, good until the next call */
	std::pair<const uint8_t *, size_t> compress(Napi::Env env, uint8_t *bytes, uint32_t length);

      private:
	std::vector<uint8_t> level_buffer = std::vector<uint8_t>(ISAL_DEF_LVL1_LARGE);
	std::vector<uint8_t> out = std::vector<uint8_t>(FIRST_BYTES);
};

std::pair<const uint8_t *, size_t> Gzip::compress(Napi::Env env, uint8_t *bytes, uint32_t length)
{
	isal_zstream stream;

	isal_deflate_init(&stream);
	stream.gzip_flag = IGZIP_GZIP;
	stream.level = LEVEL;
	stream.level_buf = level_buffer.data();
	stream.level_buf_size = level_buffer.size();
	stream.end_of_stream = 1;
	stream.next_in = bytes;
	stream.avail_in = length;
	do {
		if (stream.total_out == out.size())
			out.resize(out.size() * 2);
		stream.next_out = out.data() + stream.total_out;
		stream.avail_out = out.size() - stream.total_out;
		if (int error = isal_deflate(&stream))
			throw Napi::Error::New(env, "isal_deflate: error " + std::to_string(error));
	} while (stream.internal_state.state != ZSTATE_END);
	return {out.data(), stream.total_out};
}

Napi::Value gzip(const Napi::CallbackInfo &info)
{
	if (!info[0].IsTypedArray())
		throw Napi::TypeError::New(info.Env(), "only bytes can be compressed");
	auto bytes = info[0].As<Napi::Uint8Array>();
	/* igzip counts in 32 bits, and what can't be compressed grows a little. */
	if (bytes.ByteLength() > INT32_MAX)
		throw Napi::RangeError::New(info.Env(), "at most 2 GiB can be compressed at once");
	auto *own = info.Env().GetInstanceData<Gzip>();
	auto [data, size] = own->compress(info.Env(), bytes.Data(), bytes.ByteLength());
	return Napi::Buffer<uint8_t>::Copy(info.Env(), data, size);
}

Napi::Object init(Napi::Env env, Napi::Object exports)
{
	env.SetInstanceData(new Gzip);
	exports.Set("gzip", Napi::Function::New(env, gzip));
	return exports;
}

} // namespace

NODE_API_MODULE(gzip, init)
