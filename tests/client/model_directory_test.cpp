// Models found in directories and in a hub cache.

#include "urn/client/model_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/expect_error.hpp"

namespace {

namespace fs = std::filesystem;
using urn::find_model;
using urn::test::expect_error;
using urn::test::expect_error_with;

class model_directory : public testing::Test {
 protected:
  model_directory() {
    fs::remove_all(root_);
    fs::create_directories(cache());
  }
  ~model_directory() override { fs::remove_all(root_); }

  fs::path cache() const { return root_ / "hub"; }
  static void touch(const fs::path& file, const std::string& text = "{}") {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  static void make_model(const fs::path& directory, const std::string& weights = "model.safetensors") {
    for (const std::string& file : {std::string("config.json"), std::string("tokenizer.json"), weights}) {
      touch(directory / file);
    }
  }
  /// As the hub library does: blobs, and snapshots that link to them.
  fs::path make_cached(const std::string& folder, const std::string& hash) {
    const fs::path model = cache() / folder;
    const fs::path snapshot = model / "snapshots" / hash;
    fs::create_directories(snapshot);
    for (const char* const file : {"config.json", "tokenizer.json", "model.safetensors"}) {
      touch(model / "blobs" / file);
      fs::create_symlink(fs::path("../../blobs") / file, snapshot / file);
    }
    touch(model / "refs" / "main", hash);
    return snapshot;
  }

  fs::path root_ = fs::temp_directory_path() / "urn_model_directory_test";
};

TEST_F(model_directory, a_directory) {
  make_model(root_ / "m");
  EXPECT_EQ(find_model((root_ / "m").string(), cache()), root_ / "m");
  make_model(root_ / "sharded", "model.safetensors.index.json");
  EXPECT_EQ(find_model((root_ / "sharded").string(), cache()), root_ / "sharded");
}

TEST_F(model_directory, a_directory_that_lacks_something) {
  const std::string directory = (root_ / "m").string();
  const std::string right =
      "; expected config.json, tokenizer.json and model.safetensors or model.safetensors.index.json";
  fs::create_directories(directory);
  const auto find = [&] { (void)find_model(directory, cache()); };
  expect_error(find, directory + ": the directory has no config.json" + right);
  touch(root_ / "m" / "config.json");
  expect_error(find, directory + ": the directory has no tokenizer.json" + right);
  touch(root_ / "m" / "tokenizer.json");
  expect_error(find, directory + ": the directory has no model.safetensors" + right);
  fs::create_directories(root_ / "m" / "model.safetensors");  // not a file
  EXPECT_THROW(find(), urn::error);
}

TEST_F(model_directory, a_name_in_the_cache) {
  const fs::path snapshot = make_cached("models--org--name-1.5B", "0123abcd");
  make_cached("models--org--other", "ffff");
  EXPECT_EQ(find_model("org/name-1.5B", cache()), snapshot);
  EXPECT_EQ(find_model("gpt2", (make_cached("models--gpt2", "77"), cache())).filename(), "77");
}

TEST_F(model_directory, the_main_branch_counts) {
  make_cached("models--org--name", "aaaa");
  const fs::path second = make_cached("models--org--name", "bbbb").parent_path() / "bbbb";
  EXPECT_EQ(find_model("org/name", cache()), second);
}

TEST_F(model_directory, a_name_that_is_not_there) {
  expect_error([&] { (void)find_model("org/name", cache()); },
               "model \"org/name\": there is neither such a directory nor such a model in " +
                   cache().string() +
                   "; get it with: hf download org/name (or huggingface-cli download org/name)");
}

TEST_F(model_directory, a_download_that_was_cut_off) {
  const fs::path snapshot = make_cached("models--org--name", "abcd");
  fs::remove(cache() / "models--org--name" / "blobs" / "model.safetensors");  // leaves a dangling link
  expect_error_with(
      [&] { (void)find_model("org/name", cache()); },
      "its snapshot " + snapshot.string() + " has no model.safetensors; get it with: hf download");
}

TEST_F(model_directory, references_that_are_none) {
  make_cached("models--org--name", "abcd");
  for (const char* const text : {"", "\n", "../../../m", "xyz", "/etc"}) {
    touch(cache() / "models--org--name" / "refs" / "main", text);
    EXPECT_THROW((void)find_model("org/name", cache()), urn::error) << text;
  }
  touch(cache() / "models--org--name" / "refs" / "main", "abcd\n");
  EXPECT_NO_THROW((void)find_model("org/name", cache()));
}

TEST_F(model_directory, names_that_are_none) {
  make_cached("models--org--name", "abcd");
  for (const char* const name : {"", "/", "a/b/c", "org/", "/name", "../name", "org/..", ".", "-x",
                                 "org name", "org\\name", "./no/such", "http://x", "org/na\nme"}) {
    if (fs::is_directory(name)) continue;
    expect_error_with([&] { (void)find_model(name, cache()); }, "there is no such directory; expected");
  }
}

/// Sets variables of the environment, and puts back what was there.
class environment {
 public:
  ~environment() {
    for (auto it = before_.rbegin(); it != before_.rend(); ++it) {
      it->second ? ::setenv(it->first.c_str(), it->second->c_str(), 1) : ::unsetenv(it->first.c_str());
    }
  }
  void set(const std::string& name, const char* value) {
    const char* const old = std::getenv(name.c_str());
    before_.emplace_back(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    value != nullptr ? ::setenv(name.c_str(), value, 1) : ::unsetenv(name.c_str());
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

TEST_F(model_directory, the_cache_that_the_environment_names) {
  environment here;
  const char* const names[] = {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"};
  for (const char* const name : names) here.set(name, nullptr);
  here.set("HOME", "/h");
  EXPECT_EQ(urn::hub_cache(), "/h/.cache/huggingface/hub");
  here.set("XDG_CACHE_HOME", "/x");
  EXPECT_EQ(urn::hub_cache(), "/x/huggingface/hub");
  here.set("HF_HOME", "/f");
  EXPECT_EQ(urn::hub_cache(), "/f/hub");
  here.set("HUGGINGFACE_HUB_CACHE", "/g");
  EXPECT_EQ(urn::hub_cache(), "/g");
  here.set("HF_HUB_CACHE", "");
  EXPECT_EQ(urn::hub_cache(), "/g");
  here.set("HF_HUB_CACHE", cache().c_str());
  make_cached("models--org--name", "abcd");
  EXPECT_NO_THROW((void)find_model("org/name"));
}

}  // namespace
