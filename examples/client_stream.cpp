#include <cstdio>
#include <string>
#include <urn/client/sampling_client.hpp>

int main(int argc, char** argv) {
  urn::client_options options;
  options.model_path = argc > 1 ? argv[1] : "examples/default_model";
  auto client = urn::sampling_client<>::create(options);
  std::string text;
  // [stream]
  urn::event_stream stream =
      client.stream(urn::model_input::from_text("JULIET\t"), {.seed = 3, .temperature = 0.7F});
  for (const urn::stream_event& event : stream) {
    text += event.text;
    if (text.size() > 80) stream.cancel();  // nobody reads on: the model stops computing
    if (text.size() > 80) break;
  }
  // [/stream]
  std::printf("%s\n", text.c_str());
  try {
    stream.response();
  } catch (const urn::request_error& e) {
    std::printf("%s\n", e.what());
    return e.kind() == urn::failure::cancelled ? 0 : 1;
  }
  return 1;
}
