#include <cstdio>
#include <urn/client/sampling_client.hpp>

int main(int argc, char** argv) {
  // The model has learned plays, not conversations: "plain" writes a message as its text alone.
  urn::client_options options;
  options.model_path = argc > 1 ? argv[1] : "examples/default_model";
  options.chat = urn::chat_template_named("plain");
  auto client = urn::sampling_client<>::create(options);
  // [chat]
  urn::trajectory talk;
  talk.messages.push_back({.role = "user", .content = "What is thy name?"});
  auto future = client.sample(urn::model_input::from_messages(talk.messages), {.max_tokens = 30, .seed = 1});
  urn::append_answer(talk, future.get().sequences[0]);
  // [/chat]
  for (const urn::message& said : talk.messages)
    std::printf("%s: %s\n", said.role.c_str(), said.content.c_str());
  return talk.messages.size() == 2 && talk.messages[1].role == "assistant" ? 0 : 1;
}
