#pragma once
/// \file
/// any_pipeline: stages in an order chosen at run time.

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "urn/core/draw.hpp"
#include "urn/core/float_environment.hpp"
#include "urn/core/row.hpp"
#include "urn/core/workspace.hpp"
#include "urn/kernel/policy.hpp"
#include "urn/pipeline/pipeline.hpp"
#include "urn/pipeline/run.hpp"
#include "urn/processor/stage.hpp"

namespace urn {

/// A borrowed row of any type. Its calls are indirect, one a block: little beside the 1024 logits.
class any_row {
 public:
  template <logits_row Row>
    requires(!std::same_as<Row, any_row>)
  explicit any_row(const Row& row) : row_(&row), calls_(&calls_of<Row>) {}

  [[nodiscard]] std::size_t size() const { return calls_->size(row_); }
  [[nodiscard]] float at(std::size_t i) const { return calls_->at(row_, i); }
  [[nodiscard]] token_id id(std::size_t i) const { return calls_->id(row_, i); }
  void prefetch(std::size_t first, std::size_t count) const { calls_->prefetch(row_, first, count); }
  [[nodiscard]] std::span<const float> load(std::size_t first, std::size_t count,
                                            block_buffer& buffer) const {
    return calls_->load(row_, first, count, buffer);
  }

 private:
  struct calls {
    std::size_t (*size)(const void*);
    float (*at)(const void*, std::size_t);
    token_id (*id)(const void*, std::size_t);
    void (*prefetch)(const void*, std::size_t, std::size_t);
    std::span<const float> (*load)(const void*, std::size_t, std::size_t, block_buffer&);
  };
  template <class Row>
  static const Row& as(const void* row) {
    return *static_cast<const Row*>(row);
  }
  template <class Row>
  static constexpr calls calls_of{
      [](const void* r) { return as<Row>(r).size(); },
      [](const void* r, std::size_t i) { return as<Row>(r).at(i); },
      [](const void* r, std::size_t i) { return as<Row>(r).id(i); },
      [](const void* r, std::size_t first, std::size_t count) { urn::prefetch(as<Row>(r), first, count); },
      [](const void* r, std::size_t first, std::size_t count, block_buffer& buffer) {
        return as<Row>(r).load(first, count, buffer);
      }};

  const void* row_;
  const calls* calls_;
};

/// A pipeline whose stages are appended at run time. It draws what the typed pipeline of the same stages
/// draws. Building it allocates, drawing does not. Copies are deep; draws from several threads are safe.
template <execution_policy Policy = scalar_t>
class any_pipeline {
 public:
  using policy_type = Policy;  ///< whose kernels it draws with

  any_pipeline() = default;
  any_pipeline(const any_pipeline& other) : kind_(other.kind_), kept_(other.kept_) {
    for (const auto& s : other.stages_) stages_.push_back(s->clone());
  }
  any_pipeline(any_pipeline&& other) noexcept
      : kind_(std::exchange(other.kind_, row_kind::logits)),
        stages_(std::move(other.stages_)),
        kept_(std::move(other.kept_)) {}
  any_pipeline& operator=(any_pipeline other) noexcept {
    stages_.swap(other.stages_);
    kind_ = other.kind_;
    kept_ = std::move(other.kept_);
    return *this;
  }
  ~any_pipeline() = default;

  /// Appends a stage or a typed pipeline. If it cannot stand here the pipeline stays as it is; `sentence` of
  /// the result says why.
  template <pipeline_stage Stage>
  [[nodiscard]] misplaced append(Stage stage) {
    const misplaced wrong = placement<Stage>(kind_);
    if (wrong == misplaced::no) {
      stages_.push_back(std::make_unique<held<Stage>>(stage));
      kind_ = kind_after<Stage>(kind_);
    }
    return wrong;
  }

  /// Keeps alive what its stages borrow; copies share it.
  void keep(std::shared_ptr<const void> lists) { kept_.push_back(std::move(lists)); }

  /// True once a sampler was appended; only then can it draw.
  [[nodiscard]] bool draws() const { return kind_ == row_kind::drawn; }

  /// Draws one token, as draw_row does; without a sampler the status is bad_argument.
  template <class Logits>
  draw operator()(Policy policy, const Logits& logits, const draw_context& context,
                  workspace& scratch) const {
    const float_environment environment;
    const auto row = as_row(logits);
    draw result{.status = detail::admit(row.size(), scratch)};
    if (!draws()) result.status |= status::bad_argument;
    for (const auto& s : stages_) result.status |= s->check(row.size());
    if (failed(result.status)) return result;
    const any_row erased(row);
    state start{{}, policy, erased, erased, context, scratch, result};
    for (const auto& s : stages_) start.wants = start.wants | s->wants();
    run_from(0, start);
    return result;
  }
  /// The same with a policy of its own.
  template <class Logits>
  draw operator()(const Logits& logits, const draw_context& context, workspace& scratch) const {
    return (*this)(Policy{}, logits, context, scratch);
  }

 private:
  using state = row_state<Policy, any_row, any_row>;

  /// What a stage calls when it is done: the stages after it.
  struct continuation {
    const any_pipeline& pipeline;
    std::size_t next;
    void operator()(state& s) const { pipeline.run_from(next, s); }
  };

  struct any_stage {
    any_stage() = default;
    any_stage(const any_stage&) = default;
    any_stage& operator=(const any_stage&) = default;
    virtual ~any_stage() = default;
    [[nodiscard]] virtual std::unique_ptr<any_stage> clone() const = 0;
    [[nodiscard]] virtual status check(std::size_t vocabulary) const = 0;
    [[nodiscard]] virtual logprobs_wanted wants() const = 0;
    virtual void run(state&, const continuation&) const = 0;
  };

  template <class Stage>
  struct held final : any_stage {
    explicit held(const Stage& s) : stage(s) {}
    [[nodiscard]] std::unique_ptr<any_stage> clone() const override { return std::make_unique<held>(stage); }
    [[nodiscard]] status check(std::size_t vocabulary) const override {
      return check_stage(stage, vocabulary);
    }
    [[nodiscard]] logprobs_wanted wants() const override { return wanted_by(stage); }
    void run(state& before, const continuation& next) const override {
      if (is_neutral(stage) && !detail::watching_policy<Policy>) return next(before);
      detail::run(stage, before, [&](auto& after) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(after)>, state>) {
          next(after);
        } else {  // an edit's view of the row: its type ends here
          const any_row erased(after.row);
          state s = after.over(erased);
          next(s);
        }
      });
    }
    Stage stage;
  };

  void run_from(std::size_t i, state& s) const {
    if (i < stages_.size()) stages_[i]->run(s, {*this, i + 1});
  }

  row_kind kind_ = row_kind::logits;
  std::vector<std::unique_ptr<any_stage>> stages_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace urn
